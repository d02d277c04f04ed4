package org.deepercluster.pipelines.run;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.deepercluster.pipelines.plan.Plan;
import org.deepercluster.pipelines.plan.StageInstance;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.ingest.CollectionReader;
import org.deepercluster.stages.ingest.DataConfig;
import org.deepercluster.stages.ingest.IngestStage;
import org.deepercluster.stages.ingest.Listing;

/**
 * Time and heap of many small images, for stages/benchmarks/listing: in one folder, whose listing,
 * inspection and ingestion are measured; in YFCC100M's zips, whose listing is, as such and as any
 * zips.
 */
final class ListingBenchmark {
  private static final int PARALLELISM = 2;

  private ListingBenchmark() {}

  /** Something that takes time and memory. */
  private interface Measured {
    void run() throws Exception;
  }

  /** Arguments: folder for everything, files in one folder, entries of zips. */
  public static void main(String[] args) throws Exception {
    FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
    Path folder = Path.of(args[0]);
    int files = Integer.parseInt(args[1]);
    int entries = Integer.parseInt(args[2]);
    if (files > 0) {
      Path images = folder.resolve("files");
      files(images, files);
      listing("images", images);
      measure(
          "inspect",
          () -> {
            Inspection.Found found =
                new Inspection(System.err, PARALLELISM)
                    .run(images.toString(), "images", null, folder.resolve("inspected").toString());
            if (found.used() != files) {
              throw new IllegalStateException(found.toString());
            }
          });
      measure("ingest", () -> ingest(images, folder.resolve("ingested")));
    }
    if (entries > 0) {
      zips(folder.resolve("zips"), entries);
      listing("yfcc100m", folder.resolve("zips"));
      listing("zip", folder.resolve("zips"));
    }
  }

  private static DataConfig config(String format, Path path) {
    return new DataConfig(format, path.toString(), null, null, 1.0, 1024);
  }

  /** What a listing takes in memory, and when it is sent to workers. */
  private static void listing(String format, Path path) throws Exception {
    Listing[] listing = {CollectionReader.of(config(format, path)).list()}; // loads what is needed
    listing[0] = null;
    long before = live();
    measure("list " + format, () -> listing[0] = CollectionReader.of(config(format, path)).list());
    long held = live() - before;
    long[] sent = {0};
    try (ObjectOutputStream out =
        new ObjectOutputStream(
            new OutputStream() {
              @Override
              public void write(int b) {
                sent[0]++;
              }

              @Override
              public void write(byte[] b, int from, int length) {
                sent[0] += length;
              }
            })) {
      out.writeObject(listing[0]);
    }
    long n = listing[0].files();
    System.out.printf(
        Locale.ROOT,
        "list %s: %,d images in %,d units: %.1f bytes of heap and %.1f bytes sent to workers per"
            + " image%n",
        format,
        n,
        listing[0].units().size(),
        (double) held / n,
        (double) sent[0] / n);
  }

  private static void ingest(Path images, Path output) throws Exception {
    DataConfig config = config("images", images);
    IngestStage stage = new IngestStage(config, CollectionReader.of(config).list());
    Plan plan =
        new Plan(List.of(new StageInstance("ingest", stage, 0, new TreeMap<>(), Set.of(), null)));
    try (Clusters clusters = Clusters.embedded(PARALLELISM, 0)) {
      new Orchestrator(plan, output.toString(), clusters, PARALLELISM, true, "code", List.of())
          .run();
    }
  }

  private static void measure(String what, Measured measured) throws Exception {
    List<MemoryPoolMXBean> heap =
        ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(p -> p.getType() == MemoryType.HEAP)
            .toList();
    System.gc();
    heap.forEach(MemoryPoolMXBean::resetPeakUsage);
    long begun = System.nanoTime();
    measured.run();
    System.out.printf(
        Locale.ROOT,
        "%s: %.1f s, peak heap %,d MiB%n",
        what,
        (System.nanoTime() - begun) / 1e9,
        heap.stream().mapToLong(p -> p.getPeakUsage().getUsed()).sum() >> 20);
  }

  private static long live() {
    System.gc();
    System.gc(); // what the first one only queued
    Runtime r = Runtime.getRuntime();
    return r.totalMemory() - r.freeMemory();
  }

  /** Grey noise of 32×32 pixels, a PNG of about a kilobyte each. */
  private static void files(Path folder, int count) throws IOException {
    if (Files.exists(folder)) {
      return;
    }
    Files.createDirectories(folder);
    BufferedImage picture = new BufferedImage(32, 32, BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < count; i++) {
      var random = Seeds.random(i);
      for (int p = 0; p < 1024; p++) {
        picture.getRaster().setSample(p % 32, p / 32, 0, random.nextInt(256));
      }
      ByteArrayOutputStream file = new ByteArrayOutputStream();
      ImageIO.write(picture, "png", file);
      Files.write(folder.resolve("photo_" + i + ".png"), file.toByteArray());
    }
  }

  /** Zips of 1,000 entries with a byte each. */
  private static void zips(Path folder, int count) throws IOException {
    if (Files.exists(folder)) {
      return;
    }
    byte[] one = {1};
    CRC32 crc = new CRC32();
    crc.update(one);
    for (int zip = 0; zip < count / 1000; zip++) {
      Path path = folder.resolve(String.format("%02d/%03d.zip", zip / 1000, zip % 1000));
      Files.createDirectories(path.getParent());
      try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(path))) {
        out.setMethod(ZipOutputStream.STORED);
        for (int i = 0; i < 1000; i++) {
          ZipEntry entry = new ZipEntry(String.format("%03d.jpg", i));
          entry.setSize(1);
          entry.setCrc(crc.getValue());
          out.putNextEntry(entry);
          out.write(one);
        }
      }
    }
  }
}
