package org.deepercluster.stages.ingest;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.image.EncodedImage;
import org.deepercluster.stages.image.ImageRules;
import org.deepercluster.stages.image.RejectedImageException;

/**
 * Image files of all kinds, damaged at random, through what every reader of collections calls. Each
 * must be used, rejected or skipped within a time; whatever is used must decode again.
 */
final class IngestFuzz {
  private static final long SECONDS_PER_FILE = 20;

  /** A million pixels, so that a small heap is enough for what is allowed. */
  private static final long MAX_PIXELS = 1 << 20;

  private final List<Path> seeds;
  private final List<byte[]> files;

  /** A damaged file that was not dealt with. */
  static final class Fault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Fault(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** Fuzzes with the files below some folders. */
  IngestFuzz(List<Path> folders) {
    seeds = new ArrayList<>();
    files = new ArrayList<>();
    try {
      for (Path folder : folders) {
        try (Stream<Path> all = Files.walk(folder)) {
          all.filter(p -> p.toString().matches(".*\\.(jpg|png|gif|bmp|webp|tif)"))
              .sorted()
              .forEach(seeds::add);
        }
      }
      for (Path seed : seeds) {
        files.add(Files.readAllBytes(seed));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Damages and reads files.
   *
   * @return how many were used, skipped and rejected by cause: together {@code to − from}
   * @throws Fault naming the seed and number of the file that was not dealt with
   */
  Map<String, Long> run(long seed, long from, long to) {
    Map<String, Long> outcomes = new TreeMap<>();
    ExecutorService thread = Executors.newSingleThreadExecutor(r -> daemon(r));
    try {
      for (long i = from; i < to; i++) {
        SplittableRandom random = Seeds.random(Seeds.of(seed, Long.toString(i)));
        int base = random.nextInt(files.size());
        byte[] damaged = damaged(base, random);
        boolean lenient = random.nextBoolean();
        Future<String> outcome = thread.submit(() -> outcome(damaged, lenient));
        try {
          outcomes.merge(outcome.get(SECONDS_PER_FILE, TimeUnit.SECONDS), 1L, Long::sum);
        } catch (ExecutionException | TimeoutException | InterruptedException e) {
          throw new Fault(
              "seed " + seed + ", file " + i + " (from " + seeds.get(base) + "): " + e, e);
        }
      }
    } finally {
      thread.shutdownNow();
    }
    return outcomes;
  }

  private static Thread daemon(Runnable r) {
    Thread thread = new Thread(r, "fuzz");
    thread.setDaemon(true);
    return thread;
  }

  private static String outcome(byte[] file, boolean lenient) throws IOException {
    ImageFiles rules = new ImageFiles(new ImageRules(lenient, 1, MAX_PIXELS, false, true));
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

  private byte[] damaged(int base, SplittableRandom random) {
    byte[] b = files.get(base).clone();
    for (int n = 1 + random.nextInt(4); n > 0; n--) {
      int at =
          random.nextInt(Math.max(1, random.nextBoolean() ? Math.min(64, b.length) : b.length));
      switch (b.length == 0 ? 7 : random.nextInt(8)) {
        case 0 -> b[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> b[at] = (byte) random.nextInt(256);
        case 2 -> b = Arrays.copyOf(b, at);
        case 3 -> {
          for (int i = at; i < Math.min(b.length, at + 4); i++) {
            b[i] = (byte) (random.nextBoolean() ? 0xFF : 0);
          }
        }
        case 4 -> b = spliced(b, at, b, Math.min(b.length, at + random.nextInt(64)));
        case 5 -> {
          byte[] other = files.get(random.nextInt(files.size()));
          b = spliced(b, at, other, random.nextInt(other.length));
        }
        case 6 -> {
          int from = random.nextInt(b.length);
          int length = Math.min(random.nextInt(32), b.length - Math.max(from, at));
          System.arraycopy(b.clone(), from, b, at, length);
        }
        default -> {
          byte[] noise = new byte[random.nextInt(64)];
          random.nextBytes(noise);
          b = spliced(b, at, noise, 0);
        }
      }
    }
    return b;
  }

  /** The beginning of one file and the end of another. */
  private static byte[] spliced(byte[] head, int to, byte[] tail, int from) {
    byte[] b = Arrays.copyOf(head, to + tail.length - from);
    System.arraycopy(tail, from, b, to, tail.length - from);
    return b;
  }

  /** Arguments: seed, first number, number after the last, folders of files to damage. */
  public static void main(String[] args) {
    List<Path> folders = Arrays.stream(args).skip(3).map(Path::of).toList();
    long from = Long.parseLong(args[1]);
    long to = Long.parseLong(args[2]);
    long begun = System.nanoTime();
    Map<String, Long> outcomes = new IngestFuzz(folders).run(Long.parseLong(args[0]), from, to);
    long sum = outcomes.values().stream().mapToLong(Long::longValue).sum();
    System.out.printf(
        Locale.ROOT,
        "files %d to %d: %d accounted for in %.0f s: %s%n",
        from,
        to,
        sum,
        (System.nanoTime() - begun) / 1e9,
        outcomes);
    if (sum != to - from) {
      throw new IllegalStateException(to - from + " files, " + sum + " accounted for");
    }
  }
}
