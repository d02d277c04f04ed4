package org.deepercluster.stages.image;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.deepercluster.stages.image.RejectedImageException.Cause.TRUNCATED;
import static org.deepercluster.stages.image.RejectedImageException.Cause.UNREADABLE;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32;

/**
 * The structure of a PNG file (ISO/IEC 15948, clause 5): header, colour key, and the file without
 * its optional chunks, which the pixels do not need and which may be faulty or huge when inflated.
 *
 * @param width columns
 * @param height rows
 * @param bitDepth 1, 2, 4, 8 or 16 bits per sample
 * @param colourType 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha
 * @param key samples of the colour that stands for transparent in types 0 and 2, or empty
 * @param animated whether there are more pictures (APNG); the file for the decoder has only the
 *     first
 * @param cut whether the file ends before the picture does
 * @param bytes the file for the decoder
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record PngStream(
    int width,
    int height,
    int bitDepth,
    int colourType,
    int[] key,
    boolean animated,
    boolean cut,
    byte[] bytes) {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

  static boolean starts(byte[] file) {
    return file.length >= SIGNATURE.length
        && Arrays.equals(file, 0, SIGNATURE.length, SIGNATURE, 0, SIGNATURE.length);
  }

  /**
   * Parses.
   *
   * @param whole reject a file that ends early; else take what is there
   */
  static PngStream parse(byte[] file, boolean whole) {
    ByteArrayOutputStream kept = new ByteArrayOutputStream(file.length);
    kept.write(file, 0, SIGNATURE.length);
    int width = 0;
    int height = 0;
    int bitDepth = 0;
    int colourType = 0;
    int[] key = {};
    boolean animated = false;
    boolean data = false;
    int p = SIGNATURE.length;
    for (int chunk = 0; ; chunk++) {
      if (p + 12 > file.length) {
        if (whole || !data) {
          throw truncated(file);
        }
        return new PngStream(
            width, height, bitDepth, colourType, key, animated, true, kept.toByteArray());
      }
      int length = i32(file, p);
      if (length < 0) {
        throw new RejectedImageException(UNREADABLE, "a PNG chunk has a negative length");
      }
      String type = new String(file, p + 4, 4, ISO_8859_1);
      int body = p + 8;
      if (length > file.length - p - 12) {
        if (whole || chunk == 0 || (!data && !type.equals("IDAT"))) {
          throw truncated(file);
        }
        if (type.equals("IDAT")) {
          kept.writeBytes(chunk("IDAT", file, body, file.length - body));
        }
        return new PngStream(
            width, height, bitDepth, colourType, key, animated, true, kept.toByteArray());
      }
      animated |= type.equals("acTL");
      data |= type.equals("IDAT");
      if (chunk == 0) {
        if (!type.equals("IHDR") || length != 13) {
          throw new RejectedImageException(UNREADABLE, "the PNG file does not begin with IHDR");
        }
        width = i32(file, body);
        height = i32(file, body + 4);
        bitDepth = file[body + 8] & 0xFF;
        colourType = file[body + 9] & 0xFF;
        if (width < 1 || height < 1) {
          throw new RejectedImageException(
              UNREADABLE, "the PNG header states " + width + "×" + height + " pixels");
        }
      }
      boolean keyChunk = type.equals("tRNS") && (colourType == 0 || colourType == 2);
      if (keyChunk) {
        key = new int[Math.min(3, length / 2)];
        for (int c = 0; c < key.length; c++) {
          key[c] = (file[body + 2 * c] & 0xFF) << 8 | (file[body + 2 * c + 1] & 0xFF);
        }
        if (key.length != (colourType == 0 ? 1 : 3)) {
          key = new int[0];
        }
      }
      if (type.equals("IHDR")
          || type.equals("PLTE")
          || (type.equals("tRNS") && colourType == 3)
          || type.equals("IDAT")
          || type.equals("IEND")) {
        CRC32 crc = new CRC32();
        crc.update(file, p + 4, length + 4);
        if ((int) crc.getValue() != i32(file, body + length)) {
          throw new RejectedImageException(
              UNREADABLE, "checksum of the PNG chunk " + type + " at byte " + p + " is wrong");
        }
        kept.write(file, p, length + 12);
      }
      p = body + length + 4;
      if (type.equals("IEND")) {
        return new PngStream(
            width, height, bitDepth, colourType, key, animated, false, kept.toByteArray());
      }
    }
  }

  private static byte[] chunk(String type, byte[] file, int from, int length) {
    byte[] chunk = new byte[length + 12];
    ByteBuffer out = ByteBuffer.wrap(chunk).putInt(length).put(type.getBytes(ISO_8859_1));
    out.put(file, from, length);
    CRC32 crc = new CRC32();
    crc.update(chunk, 4, length + 4);
    out.putInt((int) crc.getValue());
    return chunk;
  }

  private static RejectedImageException truncated(byte[] file) {
    return new RejectedImageException(
        TRUNCATED, "the PNG file ends after " + file.length + " bytes, before its IEND chunk");
  }

  private static int i32(byte[] b, int i) {
    return (b[i] & 0xFF) << 24
        | (b[i + 1] & 0xFF) << 16
        | (b[i + 2] & 0xFF) << 8
        | (b[i + 3] & 0xFF);
  }
}
