package org.deepercluster.stages.image;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.deepercluster.stages.image.RejectedImageException.Cause.TRUNCATED;
import static org.deepercluster.stages.image.RejectedImageException.Cause.UNREADABLE;
import static org.deepercluster.stages.image.RejectedImageException.Cause.UNSUPPORTED;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/**
 * The header of a JPEG file (ITU-T T.81, annex B): sides, components, EXIF orientation, and the
 * file without its application segments.
 *
 * <p>Faulty application segments (colour profiles, thumbnails, maker notes) make ImageIO refuse
 * images whose picture is sound, and it guesses the colour space from them. So the decoder gets
 * none of them but one that names the colour space, chosen by libjpeg's rule: JFIF means YCbCr;
 * else Adobe's transform flag decides; else components called R, G, B are RGB and all others YCbCr.
 *
 * @param width columns as coded, before orientation
 * @param height rows as coded, before orientation
 * @param components 1, 3 or 4
 * @param adobeTransform of Adobe's segment: 0, 1 (YCbCr) or 2 (YCCK); −1 without one
 * @param orientation EXIF orientation, 1 to 8; 1 when there is none or it is out of range
 * @param bytes the file for the decoder
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record JpegStream(
    int width, int height, int components, int adobeTransform, int orientation, byte[] bytes) {
  private static final byte[] JFIF = {
    (byte) 0xFF, (byte) 0xE0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0
  };
  private static final byte[] ADOBE_RGB = {
    (byte) 0xFF, (byte) 0xEE, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0
  };

  static boolean starts(byte[] file) {
    return file.length >= 3
        && file[0] == (byte) 0xFF
        && file[1] == (byte) 0xD8
        && file[2] == (byte) 0xFF;
  }

  static JpegStream parse(byte[] file) {
    int width = 0;
    int height = 0;
    int components = 0;
    boolean namedRgb = false;
    boolean jfif = false;
    int adobeTransform = -1;
    int orientation = 0;
    ByteArrayOutputStream kept = new ByteArrayOutputStream(file.length);
    int p = 2;
    while (true) {
      while (p < file.length && file[p] != (byte) 0xFF) {
        p++; // bytes between segments belong to nothing
      }
      while (p < file.length && file[p] == (byte) 0xFF) {
        p++; // any number of fill bytes may stand before a marker
      }
      if (p >= file.length) {
        throw new RejectedImageException(
            TRUNCATED, "the JPEG file ends after " + file.length + " bytes, in its header");
      }
      int marker = file[p++] & 0xFF;
      if (marker <= 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {
        continue; // no marker at all, or one without a segment
      }
      if (marker == 0xD9) {
        throw new RejectedImageException(UNREADABLE, "the JPEG file has no image data");
      }
      int length = p + 2 <= file.length ? u16(file, p) : 2;
      int end = p + Math.max(2, length);
      if (end > file.length) {
        throw new RejectedImageException(
            TRUNCATED, "the JPEG file ends after " + file.length + " bytes, in its header");
      }
      int body = p + 2;
      if (marker == 0xE0 && startsWith(file, body, end, "JFIF\0")) {
        jfif = true;
      } else if (marker == 0xE1 && orientation == 0 && startsWith(file, body, end, "Exif\0\0")) {
        orientation = orientation(file, body + 6, end);
      } else if (marker == 0xEE && startsWith(file, body, end, "Adobe") && end - body >= 12) {
        adobeTransform = file[body + 11] & 0xFF;
      }
      boolean application = (marker >= 0xE0 && marker <= 0xEF) || marker == 0xFE;
      if (!application) {
        kept.write(0xFF);
        kept.write(marker);
        kept.write(file, p, end - p);
      }
      if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) {
        if (marker > 0xC2) {
          throw new RejectedImageException(
              UNSUPPORTED,
              "JPEG process SOF"
                  + (marker - 0xC0)
                  + (marker >= 0xC9 ? " (arithmetic coding)" : "")
                  + "; baseline, extended and progressive Huffman coding are read");
        }
        if (end - body < 6) {
          throw new RejectedImageException(UNREADABLE, "the JPEG frame header is too short");
        }
        if (file[body] != 8) {
          throw new RejectedImageException(
              UNSUPPORTED, "JPEG with " + file[body] + " bits per sample; 8 are read");
        }
        height = u16(file, body + 1);
        width = u16(file, body + 3);
        components = file[body + 5] & 0xFF;
        if (components != 1 && components != 3 && components != 4) {
          throw new RejectedImageException(
              UNSUPPORTED, "JPEG with " + components + " components; 1, 3 or 4 are read");
        }
        if (end - body < 6 + 3 * components) {
          throw new RejectedImageException(UNREADABLE, "the JPEG frame header is too short");
        }
        namedRgb =
            components == 3
                && file[body + 6] == 'R'
                && file[body + 9] == 'G'
                && file[body + 12] == 'B';
      }
      p = end;
      if (marker == 0xDA) {
        break;
      }
    }
    if (components == 0) {
      throw new RejectedImageException(UNREADABLE, "the JPEG file has no frame header");
    }
    if (width == 0 || height == 0) {
      throw new RejectedImageException(
          UNSUPPORTED, "JPEG that states " + width + "×" + height + " pixels in its header");
    }
    boolean rgb =
        components == 3 && !jfif && (adobeTransform == 0 || (adobeTransform < 0 && namedRgb));
    byte[] space = components == 4 ? new byte[0] : rgb ? ADOBE_RGB : JFIF;
    byte[] head = kept.toByteArray();
    byte[] bytes =
        Arrays.copyOf(
            new byte[] {(byte) 0xFF, (byte) 0xD8},
            2 + space.length + head.length + file.length - p);
    System.arraycopy(space, 0, bytes, 2, space.length);
    System.arraycopy(head, 0, bytes, 2 + space.length, head.length);
    System.arraycopy(file, p, bytes, 2 + space.length + head.length, file.length - p);
    return new JpegStream(
        width, height, components, adobeTransform, Math.max(1, orientation), bytes);
  }

  /** True when there is an end marker anywhere after the header. */
  boolean hasEnd() {
    for (int i = bytes.length - 2; i >= 0; i--) {
      if (bytes[i] == (byte) 0xFF && bytes[i + 1] == (byte) 0xD9) {
        return true;
      }
    }
    return false;
  }

  /** The file for the decoder; one without an end marker is cut before its unfinished segment. */
  byte[] closed() {
    if (hasEnd()) {
      return bytes;
    }
    int end = bytes.length;
    for (int p = 2; p + 1 < bytes.length; p++) {
      int marker = bytes[p + 1] & 0xFF;
      boolean segment = marker >= 0xC0 && marker < 0xFF && (marker < 0xD0 || marker > 0xD7);
      if (bytes[p] == (byte) 0xFF && segment) {
        int next = p + 2 + (p + 4 <= bytes.length ? Math.max(2, u16(bytes, p + 2)) : bytes.length);
        if (next > bytes.length) {
          end = p;
          break;
        }
        p = next - 1;
      }
    }
    byte[] closed = Arrays.copyOf(bytes, end + 2);
    closed[end] = (byte) 0xFF;
    closed[end + 1] = (byte) 0xD9;
    return closed;
  }

  /** Tag 0x0112 of the first directory of a TIFF structure (EXIF 2.3, 4.6.4); 1 if unreadable. */
  private static int orientation(byte[] b, int start, int end) {
    if (end - start < 8) {
      return 1;
    }
    boolean little = b[start] == 'I';
    if (b[start] != b[start + 1] || (!little && b[start] != 'M')) {
      return 1;
    }
    long offset = little ? u32le(b, start + 4) : u32be(b, start + 4);
    if (offset < 8 || start + offset + 2 > end) {
      return 1;
    }
    int directory = start + (int) offset;
    int entries = little ? u16le(b, directory) : u16(b, directory);
    for (int e = 0; e < entries; e++) {
      int entry = directory + 2 + 12 * e;
      if (entry + 12 > end) {
        return 1;
      }
      int tag = little ? u16le(b, entry) : u16(b, entry);
      int type = little ? u16le(b, entry + 2) : u16(b, entry + 2);
      if (tag == 0x0112 && type == 3) {
        int value = little ? u16le(b, entry + 8) : u16(b, entry + 8);
        return value >= 1 && value <= 8 ? value : 1;
      }
    }
    return 1;
  }

  private static boolean startsWith(byte[] b, int from, int end, String word) {
    byte[] w = word.getBytes(US_ASCII);
    return end - from >= w.length && Arrays.equals(b, from, from + w.length, w, 0, w.length);
  }

  /** Two bytes, the higher first, as JPEG has its numbers. */
  static int u16(byte[] b, int i) {
    return (b[i] & 0xFF) << 8 | (b[i + 1] & 0xFF);
  }

  private static int u16le(byte[] b, int i) {
    return (b[i + 1] & 0xFF) << 8 | (b[i] & 0xFF);
  }

  private static long u32be(byte[] b, int i) {
    return (long) u16(b, i) << 16 | u16(b, i + 2);
  }

  private static long u32le(byte[] b, int i) {
    return (long) u16le(b, i + 2) << 16 | u16le(b, i);
  }
}
