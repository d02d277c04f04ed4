package org.deepercluster.stages.ingest;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The binary versions of CIFAR-10, CIFAR-100 and STL-10: records of equal length, see {@link
 * RecordUnit}. CIFAR's hold their labels; STL-10's lie beside the images, from 1.
 *
 * <p>An image's id is that of {@code <file>#<record>}.
 */
final class RecordReader implements CollectionReader {
  private static final int STL_SIDE = 96;
  private static final int CIFAR_SIDE = 32;

  private final DataConfig config;
  private final List<String> classNames;

  RecordReader(DataConfig config, List<String> classNames) {
    this.config = config;
    this.classNames = List.copyOf(classNames);
  }

  /**
   * How a part lies in files.
   *
   * @param folders that may hold it, below the collection's
   * @param files of images
   * @param labelFile file of labels beside them, from 1; null where records hold them
   * @param namesFile names of the classes
   * @param head bytes of a record before its pixels
   * @param labelAt which of these is the label
   */
  private record Layout(
      List<String> folders,
      List<String> files,
      String labelFile,
      String namesFile,
      int head,
      int labelAt,
      int side) {}

  private Layout layout() {
    boolean train = config.split().equals("train");
    return switch (DataFormat.of(config.format())) {
      case CIFAR10 ->
          new Layout(
              List.of("", "cifar-10-batches-bin"),
              train
                  ? List.of(
                      "data_batch_1.bin",
                      "data_batch_2.bin",
                      "data_batch_3.bin",
                      "data_batch_4.bin",
                      "data_batch_5.bin")
                  : List.of("test_batch.bin"),
              null,
              "batches.meta.txt",
              1,
              0,
              CIFAR_SIDE);
      case CIFAR100 -> {
        boolean coarse = "coarse".equals(config.labels());
        yield new Layout(
            List.of("", "cifar-100-binary"),
            List.of(config.split() + ".bin"),
            null,
            (coarse ? "coarse" : "fine") + "_label_names.txt",
            2,
            coarse ? 0 : 1,
            CIFAR_SIDE);
      }
      case STL10 ->
          new Layout(
              List.of("", "stl10_binary"),
              List.of(config.split() + "_X.bin"),
              config.split().equals("unlabeled") ? null : config.split() + "_y.bin",
              "class_names.txt",
              0,
              0,
              STL_SIDE);
      default -> throw new IllegalArgumentException(config.format() + " has no records");
    };
  }

  @Override
  public Listing list() throws IOException {
    Layout layout = layout();
    String root = root(layout);
    int bytes = layout.head() + 3 * layout.side() * layout.side();
    List<Storage.Entry> files = new ArrayList<>();
    List<int[]> labels = new ArrayList<>();
    int classes = 0;
    for (String name : layout.files()) {
      String path = Storage.join(root, name);
      Storage.Entry file = Storage.stat(path);
      if (file.size() == 0 || file.size() % bytes != 0) {
        throw new IOException(
            path
                + ": has "
                + file.size()
                + " bytes, which is no whole number of records of "
                + bytes
                + " bytes; it is truncated, or another version than the binary one");
      }
      files.add(file);
      int[] of = labels(root, path, layout, bytes, Math.toIntExact(file.size() / bytes));
      labels.add(of);
      classes = Math.max(classes, Arrays.stream(of).max().orElse(-1) + 1);
    }
    List<Storage.Entry> all = new ArrayList<>(files);
    if (layout.labelFile() != null) {
      all.add(Storage.stat(Storage.join(root, layout.labelFile())));
    }
    String namesFile = Storage.join(root, layout.namesFile());
    List<String> names =
        config.split().equals("unlabeled")
            ? List.of()
            : Classes.numbered(root, classes, namesFile, classNames).names();
    return new Listing(
        units(layout, root, files, labels, bytes, names),
        names,
        Math.min(
            files.stream().mapToLong(f -> f.size() / bytes).sum(),
            config.limit() == null ? Long.MAX_VALUE : config.limit()),
        0,
        InputDigest.of(root, all, names));
  }

  private List<SourceUnit> units(
      Layout layout,
      String root,
      List<Storage.Entry> files,
      List<int[]> labels,
      int bytes,
      List<String> names) {
    List<SourceUnit> units = new ArrayList<>();
    long left = config.limit() == null ? Long.MAX_VALUE : config.limit();
    for (int f = 0; f < files.size(); f++) {
      String name = files.get(f).name();
      long used = Math.min(files.get(f).size() / bytes, left);
      for (long from = 0; from < used; from += config.blockImages()) {
        int size = (int) Math.min(config.blockImages(), used - from);
        units.add(
            new RecordUnit(
                units.size(),
                Storage.join(root, name),
                name,
                from,
                size,
                layout.head(),
                layout.side(),
                layout.side() == STL_SIDE,
                Arrays.copyOfRange(labels.get(f), (int) from, (int) from + size),
                names));
      }
      left -= used;
    }
    return units;
  }

  private String root(Layout layout) throws IOException {
    String first = layout.files().get(0);
    for (String folder : layout.folders()) {
      String root = folder.isEmpty() ? config.path() : Storage.join(config.path(), folder);
      if (Storage.exists(Storage.join(root, first))) {
        return root;
      }
    }
    throw new FileNotFoundException(
        config.path() + ": holds no " + first + ", nor does its folder " + layout.folders().get(1));
  }

  /** Class of each record, −1 for none. */
  private int[] labels(String root, String path, Layout layout, int bytes, int records)
      throws IOException {
    int[] labels = new int[records];
    if (layout.head() > 0) {
      try (InputStream in = Storage.open(path, 0)) {
        for (int r = 0; r < records; r++) {
          byte[] record = in.readNBytes(bytes);
          if (record.length < bytes) {
            throw new IOException(path + ": is truncated: ends before image " + r + " does");
          }
          labels[r] = record[layout.labelAt()] & 0xFF;
        }
      }
      return labels;
    }
    Arrays.fill(labels, -1);
    if (layout.labelFile() == null) {
      return labels;
    }
    String file = Storage.join(root, layout.labelFile());
    try (InputStream in = Storage.open(file, 0)) {
      byte[] of = in.readAllBytes();
      if (of.length != records) {
        throw new IOException(
            file
                + ": holds "
                + of.length
                + " labels, but "
                + path
                + " holds "
                + records
                + " images; one label per image is needed");
      }
      for (int r = 0; r < records; r++) {
        labels[r] = (of[r] & 0xFF) - 1;
        if (labels[r] < 0) {
          throw new IOException(file + ": label of image " + r + " is 0; they are 1, 2, ...");
        }
      }
    }
    return labels;
  }
}
