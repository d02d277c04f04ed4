package org.deepercluster.stages.ingest;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * Ways to damage a file: blind ones, and some that know where a layout keeps its sizes, offsets,
 * counts and names.
 */
final class Damage {
  private static final int RECORD = 512;

  /** What a name may hold that leads somewhere else, or nowhere. */
  private static final String[] HOSTILE = {
    "../",
    "/../",
    "/",
    "\\",
    "..\\",
    "\0",
    "\r\n",
    "C:\\",
    "C:",
    "./",
    ".",
    "//",
    "#",
    "__MACOSX/",
    "\u007F",
    "\u00FF\u00FE",
    "\u00ED\u00A0\u0080",
    "%00",
    "*",
    "?",
    "{0..9}",
    "~",
    "|",
    "\"",
    "\t"
  };

  private static final long[] EXTREMES = {
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFE,
    0xFFFF,
    0x10000,
    0x0FFFFFFF,
    0x7FFFFFFF,
    0x80000000L,
    0xFFFFFFFEL,
    0xFFFFFFFFL,
    0x7FFFFFFFFFFFFFFFL,
    0x8000000000000000L,
    -1L,
    -2L
  };

  private Damage() {}

  /** One to four blind changes: bits, bytes, ends, ranges of this file and of others. */
  static byte[] blind(byte[] file, List<byte[]> others, SplittableRandom random) {
    byte[] b = file.clone();
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
          byte[] other = others.get(random.nextInt(others.size()));
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

  /** Damage of a file in an archive's or record format: half of it blind. */
  static byte[] of(String name, byte[] file, List<byte[]> others, SplittableRandom random) {
    if (name.endsWith(".gz") && random.nextBoolean()) {
      return gzip(of(name.substring(0, name.length() - 3), gunzip(file), others, random));
    }
    byte[] b = file.clone();
    int steps = 1 + random.nextInt(3);
    for (int n = 0; n < steps; n++) {
      if (b.length < 8 || random.nextInt(3) == 0) {
        b = blind(b, others, random);
        continue;
      }
      switch (random.nextInt(6)) {
        case 0 -> b = ranges(b, random);
        case 1 -> hostile(b, random.nextInt(b.length), random);
        case 2 -> number(b, random.nextInt(b.length), random);
        default -> {
          if (name.endsWith(".zip")) {
            zip(b, random);
          } else if (name.endsWith(".tar")) {
            tar(b, random);
          } else if (name.endsWith(".parquet")) {
            footer(b, random);
          } else if (name.matches(".*\\.(csv|tsv|txt)")) {
            b = text(b, random);
          } else {
            number(b, random.nextInt(Math.min(b.length, 20)), random);
          }
        }
      }
    }
    return b;
  }

  /** Removes, repeats or blanks a range of any length. */
  private static byte[] ranges(byte[] b, SplittableRandom random) {
    int from = random.nextInt(b.length);
    int to = from + random.nextInt(b.length - from) / (1 + random.nextInt(8));
    if (random.nextBoolean()) { // along records, as a lost or doubled write would
      from = from / RECORD * RECORD;
      to = Math.min(b.length, Math.max(from, to / RECORD * RECORD + RECORD));
    }
    return switch (random.nextInt(3)) {
      case 0 -> spliced(b, from, b, to);
      case 1 -> spliced(b, to, b, from);
      default -> {
        byte[] blank = b.clone();
        Arrays.fill(blank, from, to, (byte) 0);
        yield blank;
      }
    };
  }

  /** A field of a local header, of the central directory, or of what ends it. */
  private static void zip(byte[] b, SplittableRandom random) {
    int[] signatures = {0x04034b50, 0x02014b50, 0x02014b50, 0x06054b50, 0x06064b50, 0x07064b50};
    int[][] fields = {
      {4, 6, 8, 14, 18, 22, 26, 28}, // version, flags, method, CRC, sizes, lengths
      {8, 10, 16, 20, 24, 28, 30, 32, 34, 38, 42, 46}, // and attributes, offset, name
      {8, 10, 16, 20, 24, 28, 30, 32, 34, 38, 42, 46},
      {4, 6, 8, 10, 12, 16, 20}, // disks, counts, size, offset, comment
      {4, 12, 16, 20, 24, 32, 40, 48},
      {4, 8, 16}
    };
    int which = random.nextInt(signatures.length);
    List<Integer> at = new ArrayList<>();
    for (int i = 0; i + 4 <= b.length; i++) {
      if (number(b, i, 4) == signatures[which]) {
        at.add(i);
      }
    }
    if (at.isEmpty()) {
      return;
    }
    int header = at.get(random.nextInt(at.size()));
    int field = fields[which][random.nextInt(fields[which].length)];
    if (field == 46) {
      hostile(b, Math.min(b.length - 1, header + 46 + random.nextInt(4)), random);
    } else {
      number(b, Math.min(b.length - 1, header + field), random);
    }
  }

  private static long number(byte[] b, int at, int bytes) {
    long v = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      v = v << 8 | (b[at + i] & 0xFF);
    }
    return v;
  }

  /** A field of a header, whose check sum then is right again, or not. */
  private static void tar(byte[] b, SplittableRandom random) {
    int records = b.length / RECORD;
    if (records == 0) {
      return;
    }
    int header = random.nextInt(records);
    for (int tries = 0; tries < records && !isTarHeader(b, header * RECORD); tries++) {
      header = (header + 1) % records;
    }
    int at = header * RECORD;
    int[][] fields = {
      {0, 100},
      {100, 8},
      {108, 8},
      {124, 12},
      {124, 12},
      {124, 12},
      {136, 12},
      {148, 8},
      {156, 1},
      {157, 100},
      {257, 8},
      {345, 155}
    };
    int[] field = fields[random.nextInt(fields.length)];
    int from = at + field[0];
    switch (random.nextInt(4)) {
      case 0 -> Arrays.fill(b, from, from + field[1], (byte) '7');
      case 1 -> {
        byte[] noise = new byte[field[1]];
        random.nextBytes(noise);
        noise[0] = (byte) (random.nextBoolean() ? 0x80 : 0xFF); // a number in base 256
        System.arraycopy(noise, 0, b, from, noise.length);
      }
      case 2 -> {
        String types = "01234567xgLKSVDMN\0 A";
        b[at + 156] = (byte) types.charAt(random.nextInt(types.length()));
      }
      default -> hostile(b, from, random);
    }
    if (random.nextInt(4) > 0) {
      Arrays.fill(b, at + 148, at + 156, (byte) ' ');
      int sum = 0;
      for (int i = at; i < at + RECORD; i++) {
        sum += b[i] & 0xFF;
      }
      byte[] octal = String.format("%06o\0 ", sum).getBytes(ISO_8859_1);
      System.arraycopy(octal, 0, b, at + 148, 8);
    }
  }

  private static boolean isTarHeader(byte[] b, int at) {
    return new String(b, at + 257, 5, ISO_8859_1).equals("ustar");
  }

  /** The end of a Parquet file: a Thrift structure, its length, {@code PAR1}. */
  private static void footer(byte[] b, SplittableRandom random) {
    long length = number(b, b.length - 8, 4);
    int from = (int) Math.max(0, Math.min(b.length - 8, b.length - 8 - length));
    int at = from + random.nextInt(Math.max(1, b.length - from));
    switch (random.nextInt(3)) {
      case 0 -> b[at] = (byte) random.nextInt(256);
      case 1 -> { // a number of variable length, up to 2^63
        for (int i = at; i < Math.min(b.length - 1, at + 1 + random.nextInt(9)); i++) {
          b[i] |= (byte) 0x80;
        }
      }
      default -> number(b, at, random);
    }
  }

  /** A cell, or a line end. */
  private static byte[] text(byte[] b, SplittableRandom random) {
    String[] cells = {
      "",
      "\"",
      "\"\"",
      "\n",
      ",",
      "\t",
      ",,,",
      "/dev/zero",
      "/dev/null",
      "/",
      ".",
      "..",
      "\0",
      "s3:",
      "file:",
      "file:/",
      "nowhere:/x",
      "a".repeat(5000),
      "-1",
      "99999999999999999999",
      "NaN",
      "1e9",
      "\uFEFF",
      "C:\\x",
      "~/x",
      "pics/",
      "pics/../../x"
    };
    int at = random.nextInt(b.length);
    byte[] cell = cells[random.nextInt(cells.length)].getBytes(UTF_8);
    byte[] head = spliced(b, at, cell, 0);
    return spliced(head, head.length, b, Math.min(b.length, at + random.nextInt(16)));
  }

  private static void hostile(byte[] b, int at, SplittableRandom random) {
    byte[] word = HOSTILE[random.nextInt(HOSTILE.length)].getBytes(ISO_8859_1);
    System.arraycopy(word, 0, b, at, Math.min(word.length, b.length - at));
  }

  /** An extreme number of 1, 2, 4 or 8 bytes, the first or the last one first. */
  private static void number(byte[] b, int at, SplittableRandom random) {
    long value = EXTREMES[random.nextInt(EXTREMES.length)];
    if (random.nextInt(8) == 0) {
      value = b.length + random.nextInt(3) - 1L;
    }
    int bytes = 1 << random.nextInt(4);
    boolean bigEndian = random.nextBoolean();
    for (int i = 0; i < bytes && at + i < b.length; i++) {
      b[at + i] = (byte) (value >>> (8 * (bigEndian ? bytes - 1 - i : i)));
    }
  }

  /** The beginning of one file and the end of another. */
  private static byte[] spliced(byte[] head, int to, byte[] tail, int from) {
    byte[] b = Arrays.copyOf(head, to + tail.length - from);
    System.arraycopy(tail, from, b, to, tail.length - from);
    return b;
  }

  private static byte[] gunzip(byte[] file) {
    try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(file))) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static byte[] gzip(byte[] content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      out.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
