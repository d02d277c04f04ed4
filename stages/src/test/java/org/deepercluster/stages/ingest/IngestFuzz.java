package org.deepercluster.stages.ingest;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.image.EncodedImage;
import org.deepercluster.stages.image.ImageRules;
import org.deepercluster.stages.image.RejectedImageException;

/**
 * Damaged inputs through what every reader of collections calls: those with even numbers are image
 * files, those with odd ones are collections in archives, record formats and tables. Each must be
 * used, rejected, skipped or refused within a time; whatever is used must decode again.
 */
final class IngestFuzz {
  private static final long SECONDS_PER_INPUT = 20;

  private final List<Path> seeds = new ArrayList<>();
  private final List<byte[]> files = new ArrayList<>();
  private final CollectionFuzz collections;

  /** A damaged input that was not dealt with. */
  static final class Fault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Fault(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /**
   * Fuzzes with the files below a folder, and with the collections of {@link CollectionFuzz}.
   *
   * @param folder of image files
   * @param scratch folder to work in
   */
  IngestFuzz(Path folder, Path scratch) {
    try {
      try (Stream<Path> all = Files.walk(folder)) {
        all.filter(p -> p.toString().matches(".*\\.(jpg|png|gif|bmp|webp|tif)"))
            .sorted()
            .forEach(seeds::add);
      }
      for (Path seed : seeds) {
        files.add(Files.readAllBytes(seed));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    collections = new CollectionFuzz(scratch, seeds);
  }

  /**
   * Damages and reads inputs.
   *
   * @return by kind of input, how many ended how: of image files the files, of collections
   *     themselves and their entries
   * @throws Fault naming the seed and number of the input that was not dealt with
   */
  Map<String, Map<String, Long>> run(long seed, long from, long to) {
    Map<String, Map<String, Long>> sums = new TreeMap<>();
    ExecutorService thread = Executors.newSingleThreadExecutor(r -> daemon(r));
    try {
      for (long i = from; i < to; i++) {
        SplittableRandom random = Seeds.random(Seeds.of(seed, Long.toString(i)));
        String kind;
        Callable<Map<String, Long>> outcome;
        if (i % 2 == 0) {
          int base = random.nextInt(files.size());
          byte[] damaged = Damage.blind(files.get(base), files, random);
          boolean lenient = random.nextBoolean();
          kind = "image files";
          outcome = () -> Map.of(outcome(damaged, lenient), 1L);
        } else {
          CollectionFuzz.Input input = collections.new Input(random);
          kind = input.kind();
          outcome = input::outcome;
        }
        try {
          Map<String, Long> sum = sums.computeIfAbsent(kind, k -> new TreeMap<>());
          thread
              .submit(outcome)
              .get(SECONDS_PER_INPUT, TimeUnit.SECONDS)
              .forEach((what, n) -> sum.merge(what, n, Long::sum));
        } catch (ExecutionException | TimeoutException | InterruptedException e) {
          throw new Fault("seed " + seed + ", input " + i + " (" + kind + "): " + e, e);
        }
      }
    } finally {
      thread.shutdownNow();
    }
    return sums;
  }

  /** Inputs that are accounted for. */
  static long inputs(Map<String, Map<String, Long>> sums) {
    long inputs = 0;
    for (Map.Entry<String, Map<String, Long>> kind : sums.entrySet()) {
      for (Map.Entry<String, Long> outcome : kind.getValue().entrySet()) {
        boolean entries = !kind.getKey().equals("image files");
        inputs += !entries || outcome.getKey().startsWith("collections") ? outcome.getValue() : 0;
      }
    }
    return inputs;
  }

  private static Thread daemon(Runnable r) {
    Thread thread = new Thread(r, "fuzz");
    thread.setDaemon(true);
    return thread;
  }

  private static String outcome(byte[] file, boolean lenient) throws IOException {
    ImageFiles rules =
        new ImageFiles(new ImageRules(lenient, 1, CollectionFuzz.MAX_PIXELS, false, true));
    try {
      EncodedImage image = rules.read("no suffix", new ByteArrayInputStream(file));
      if (image == null) {
        return "skipped";
      }
      var whole = image.decode();
      if (whole.width() != image.width() || whole.height() != image.height()) {
        throw new IllegalStateException(image + " decodes to " + whole);
      }
      return "used";
    } catch (RejectedImageException e) {
      return e.reason().word();
    }
  }

  /**
   * Arguments: seed, first number, number after the last, folder of image files, scratch folder.
   */
  public static void main(String[] args) {
    long from = Long.parseLong(args[1]);
    long to = Long.parseLong(args[2]);
    long begun = System.nanoTime();
    Map<String, Map<String, Long>> sums =
        new IngestFuzz(Path.of(args[3]), Path.of(args[4])).run(Long.parseLong(args[0]), from, to);
    System.out.printf(
        Locale.ROOT,
        "inputs %d to %d: %d accounted for in %.0f s%n",
        from,
        to,
        inputs(sums),
        (System.nanoTime() - begun) / 1e9);
    sums.forEach((kind, outcomes) -> System.out.println("  " + kind + ": " + outcomes));
    if (inputs(sums) != to - from) {
      throw new IllegalStateException(to - from + " inputs, " + inputs(sums) + " accounted for");
    }
  }
}
