package org.deepercluster.stages.ingest;

import static org.deepercluster.stages.image.RejectedImageException.Cause.TOO_LARGE;
import static org.deepercluster.stages.image.RejectedImageException.Cause.TOO_SMALL;
import static org.deepercluster.stages.image.RejectedImageException.Cause.UNREADABLE;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.deepercluster.stages.image.EncodedImage;
import org.deepercluster.stages.image.ImageCodec;
import org.deepercluster.stages.image.RejectedImageException;

/**
 * Some files of a folder tree.
 *
 * @param index position among the units
 * @param root the folder
 * @param files paths below it, with slashes
 * @param labels class of each file, −1 for none; or null without labels
 * @param bytes sizes of the files together
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record FolderUnit(int index, String root, List<String> files, int[] labels, long bytes)
    implements SourceUnit {
  /** Largest file that is read: 256 MiB. */
  static final int MAX_FILE_BYTES = 1 << 28;

  private static final int HEAD = 16;
  private static final Set<String> IMAGE_SUFFIXES =
      Set.of(
          "jpg", "jpeg", "jpe", "jfif", "png", "gif", "bmp", "tif", "tiff", "webp", "heic", "heif",
          "avif", "jp2", "jxl", "psd");

  /** Copies the names. */
  FolderUnit {
    files = List.copyOf(files);
  }

  @Override
  public int size() {
    return files.size();
  }

  @Override
  public String firstFile() {
    return Storage.join(root, files.get(0));
  }

  @Override
  public SourceImages open() {
    return new Candidates();
  }

  /** True unless the file is one to skip. */
  static boolean isCandidate(String root, String name) throws IOException {
    if (isNamedLikeAnImage(name)) {
      return true;
    }
    String path = Storage.join(root, name);
    try (InputStream in = Storage.open(path, 0)) {
      return !ImageCodec.format(in.readNBytes(HEAD)).isEmpty();
    } catch (IOException e) {
      if (isFaultOfFile(path, e)) {
        return false;
      }
      throw e;
    }
  }

  /**
   * True when a file that cannot be read is itself at fault: always on local disks; elsewhere only
   * when it is missing, since a broken connection must not change which images a run has.
   */
  static boolean isFaultOfFile(String path, IOException e) {
    return e instanceof FileNotFoundException || Storage.isLocal(path);
  }

  private static boolean isNamedLikeAnImage(String name) {
    int dot = name.lastIndexOf('.');
    return dot >= 0 && IMAGE_SUFFIXES.contains(name.substring(dot + 1).toLowerCase(Locale.ROOT));
  }

  /** The bytes of a candidate, or the first of them if they are no JPEG or PNG; null to skip it. */
  private static byte[] read(String path, boolean namedLikeAnImage) throws IOException {
    try (InputStream in = Storage.open(path, 0)) {
      byte[] head = in.readNBytes(HEAD);
      String format = ImageCodec.format(head);
      if (format.isEmpty() && !namedLikeAnImage) {
        return null;
      }
      if (!format.equals("jpeg") && !format.equals("png")) {
        return head;
      }
      byte[] rest = in.readNBytes(MAX_FILE_BYTES + 1 - head.length);
      if (head.length + rest.length > MAX_FILE_BYTES) {
        throw new RejectedImageException(
            TOO_LARGE, "the file has more than " + MAX_FILE_BYTES + " bytes (256 MiB)");
      }
      byte[] file = Arrays.copyOf(head, head.length + rest.length);
      System.arraycopy(rest, 0, file, head.length, rest.length);
      return file;
    } catch (IOException e) {
      if (!isFaultOfFile(path, e)) {
        throw e;
      }
      if (!namedLikeAnImage) {
        return null;
      }
      throw new RejectedImageException(UNREADABLE, "the file cannot be read: " + e);
    }
  }

  private static EncodedImage checked(byte[] file) {
    EncodedImage image = EncodedImage.of(file);
    if (Math.min(image.width(), image.height()) < CollectionReader.MIN_SIDE) {
      throw new RejectedImageException(
          TOO_SMALL,
          image.width()
              + "×"
              + image.height()
              + " pixels; each side must be at least "
              + CollectionReader.MIN_SIDE);
    }
    return image;
  }

  private final class Candidates implements SourceImages {
    private int next;
    private long skipped;

    @Override
    public SourceImage next() throws IOException {
      while (next < files.size()) {
        String name = files.get(next);
        String path = Storage.join(root, name);
        String id = InputDigest.imageId(name);
        int c = labels == null ? -1 : labels[next];
        List<Label> classes =
            c < 0 ? List.of() : List.of(new Label(c, FolderReader.topFolder(name)));
        next++;
        try {
          byte[] file = read(path, isNamedLikeAnImage(name));
          if (file != null) {
            return SourceImage.accepted(id, path, classes, checked(file));
          }
        } catch (RejectedImageException e) {
          return SourceImage.rejected(id, path, classes, e);
        }
        skipped++;
      }
      return null;
    }

    @Override
    public long skipped() {
      return skipped;
    }

    @Override
    public void close() {}
  }
}
