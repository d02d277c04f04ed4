package org.deepercluster.stages.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import us.hebi.matlab.mat.format.BufferAllocator;
import us.hebi.matlab.mat.format.Mat5;
import us.hebi.matlab.mat.types.MatFile;
import us.hebi.matlab.mat.types.Sources;
import us.hebi.matlab.mat.types.Struct;

/**
 * ImageNet's development kit: which class each validation image has. {@code
 * data/ILSVRC2012_validation_ground_truth.txt} holds, for image 1, 2, ..., the number of its class;
 * {@code data/meta.mat} (MATLAB 5) or {@code map_clsloc.txt} of later kits says which WordNet id
 * that is.
 */
final class DevKit {
  private static final String KIT = "ILSVRC2012_devkit_t12";
  private static final String TRUTH = "ILSVRC2012_validation_ground_truth.txt";
  private static final String META = "meta.mat";
  private static final String MAP = "map_clsloc.txt";
  private static final int MAX_BYTES = 64 << 20;

  private final String where;
  private final List<String> truth;
  private final Map<Integer, String> wnids;
  private final List<Storage.Entry> files;

  private DevKit(
      String where, List<String> truth, Map<Integer, String> wnids, List<Storage.Entry> files) {
    this.where = where;
    this.truth = truth;
    this.wnids = wnids;
    this.files = files;
  }

  /**
   * Finds the kit below a folder: unpacked, or as published.
   *
   * @throws FileNotFoundException naming what was looked for
   */
  static DevKit find(String root) throws IOException {
    for (String folder : new String[] {KIT + "/data", "devkit/data", "data", ""}) {
      String data = folder.isEmpty() ? root : Storage.join(root, folder);
      if (Storage.exists(Storage.join(data, TRUTH))) {
        Map<String, byte[]> content = new HashMap<>();
        List<Storage.Entry> files = new ArrayList<>();
        for (String name : new String[] {TRUTH, META, MAP}) {
          String path = Storage.join(data, name);
          if (Storage.exists(path)) {
            content.put(name, read(path));
            Storage.Entry e = Storage.stat(path);
            files.add(
                new Storage.Entry(
                    folder.isEmpty() ? name : folder + "/" + name, e.size(), e.modifiedMillis()));
          }
        }
        return of(data, content, files);
      }
    }
    String archive = Storage.join(root, KIT + ".tar.gz");
    if (Storage.exists(archive)) {
      return of(archive, unpack(archive), List.of(Storage.stat(archive)));
    }
    throw new FileNotFoundException(
        root
            + ": validation images outside of class folders need the development kit: "
            + KIT
            + ".tar.gz or "
            + KIT
            + "/data/"
            + TRUTH
            + ", beside the folder val");
  }

  private static byte[] read(String path) throws IOException {
    try (InputStream in = Storage.open(path, 0)) {
      return in.readNBytes(MAX_BYTES);
    }
  }

  /** The files of interest of the archive, in memory. */
  private static Map<String, byte[]> unpack(String archive) throws IOException {
    Map<String, byte[]> content = new HashMap<>();
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(
            new GZIPInputStream(new BufferedInputStream(Storage.open(archive, 0))), UTF_8.name())) {
      for (TarArchiveEntry e = tar.getNextEntry(); e != null; e = tar.getNextEntry()) {
        String name = Storage.nameOf(e.getName());
        if (e.isFile() && List.of(TRUTH, META, MAP).contains(name)) {
          content.put(name, tar.readNBytes(MAX_BYTES));
        }
      }
    } catch (IOException | RuntimeException e) {
      throw new IOException(archive + ": is truncated or damaged: " + e, e);
    }
    if (!content.containsKey(TRUTH)) {
      throw new FileNotFoundException(archive + ": holds no " + TRUTH);
    }
    return content;
  }

  private static DevKit of(String where, Map<String, byte[]> content, List<Storage.Entry> files)
      throws IOException {
    Map<Integer, String> wnids;
    if (content.containsKey(META)) {
      wnids = meta(where, content.get(META));
    } else if (content.containsKey(MAP)) {
      wnids = map(where, content.get(MAP));
    } else {
      throw new FileNotFoundException(where + ": holds neither " + META + " nor " + MAP);
    }
    List<String> truth = new String(content.get(TRUTH), UTF_8).lines().map(String::strip).toList();
    return new DevKit(where, truth, wnids, files);
  }

  private static Map<Integer, String> meta(String where, byte[] file) throws IOException {
    Map<Integer, String> wnids = new HashMap<>();
    try (MatFile mat =
        Mat5.newReader(Sources.wrap(ByteBuffer.wrap(file)))
            .setBufferAllocator(new Limited())
            .readMat()) {
      Struct synsets = mat.getStruct("synsets");
      for (int i = 0; i < synsets.getNumElements(); i++) {
        wnids.put(
            synsets.getMatrix("ILSVRC2012_ID", i).getInt(0),
            synsets.getChar("WNID", i).getString());
      }
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      throw new IOException(
          where + "/" + META + ": is no MATLAB 5 file with the structure synsets: " + e, e);
    }
    return wnids;
  }

  /** Memory for an element of a MATLAB file: a damaged one may state any number of bytes. */
  private static final class Limited implements BufferAllocator {
    @Override
    public ByteBuffer allocate(int bytes) {
      if (bytes > MAX_BYTES) {
        throw new IllegalArgumentException(
            "an element states " + bytes + " bytes; at most " + MAX_BYTES + " are read");
      }
      return ByteBuffer.allocate(bytes);
    }

    @Override
    public void release(ByteBuffer buffer) {
      // the heap's
    }
  }

  private static Map<Integer, String> map(String where, byte[] file) throws IOException {
    Map<Integer, String> wnids = new HashMap<>();
    for (String line : new String(file, UTF_8).lines().toList()) {
      String[] words = line.strip().split("\\s+");
      if (words.length < 2 || !words[1].matches("\\d{1,6}")) {
        throw new IOException(
            where + "/" + MAP + ": a line such as `n02119789 1 kit_fox` is needed, got " + line);
      }
      wnids.put(Integer.valueOf(words[1]), words[0]);
    }
    return wnids;
  }

  List<Storage.Entry> files() {
    return files;
  }

  /** WordNet ids of the classes that validation images have. */
  TreeSet<String> classes() throws IOException {
    TreeSet<String> classes = new TreeSet<>();
    for (int i = 1; i <= truth.size(); i++) {
      classes.add(wnid(where, i));
    }
    return classes;
  }

  /**
   * Class of a validation image.
   *
   * @param uri of the image, for messages
   * @param number of it, from 1
   */
  String wnid(String uri, int number) throws IOException {
    if (number < 1 || number > truth.size()) {
      throw new IOException(
          uri + ": " + where + "/" + TRUTH + " has lines for images 1.." + truth.size());
    }
    String line = truth.get(number - 1);
    String wnid = line.matches("\\d{1,6}") ? wnids.get(Integer.valueOf(line)) : null;
    if (wnid == null) {
      throw new IOException(
          where + "/" + TRUTH + ", line " + number + ": is no number of a class: " + line);
    }
    return wnid;
  }
}
