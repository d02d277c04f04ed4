package org.deepercluster.stages.image;

import static org.deepercluster.stages.image.RejectedImageException.Cause.TRUNCATED;
import static org.deepercluster.stages.image.RejectedImageException.Cause.UNREADABLE;

import java.io.ByteArrayOutputStream;

/**
 * The structure of a GIF file (GIF89a specification) up to its second picture: the logical screen,
 * where on it the first picture lies, and the file with the first picture only.
 *
 * @param width columns of the screen
 * @param height rows of the screen
 * @param left column of the screen where the picture begins
 * @param top row of the screen where the picture begins
 * @param animated whether there is a second picture
 * @param cut whether the file ends before the first picture does
 * @param bytes the file for the decoder
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record GifStream(
    int width, int height, int left, int top, boolean animated, boolean cut, byte[] bytes) {
  static GifStream parse(byte[] file) {
    if (file.length < 13) {
      throw truncated(file);
    }
    int p = 13 + colours(file[10]);
    int left = 0;
    int top = 0;
    boolean cut = false;
    boolean animated = false;
    int end = -1; // of the first picture
    while (true) {
      int block = p < file.length ? file[p] & 0xFF : -1;
      if (block == 0x2C && end >= 0) {
        animated = true;
        break;
      } else if (block == 0x2C) {
        if (p + 11 > file.length) {
          throw truncated(file);
        }
        left = u16(file, p + 1);
        top = u16(file, p + 3);
        p = subBlocks(file, p + 11 + colours(file[p + 9]));
        cut = p < 0;
        end = cut ? file.length : p;
        if (cut) {
          break;
        }
      } else if (block == 0x21) {
        p = subBlocks(file, p + 2);
        if (p < 0 && end < 0) {
          throw truncated(file);
        }
        if (p < 0) {
          break;
        }
      } else if (end >= 0) {
        break; // the trailer, or what else follows the picture
      } else if (block == 0x3B) {
        throw new RejectedImageException(UNREADABLE, "the GIF file has no picture");
      } else if (block < 0) {
        throw truncated(file);
      } else {
        throw new RejectedImageException(
            UNREADABLE, "byte " + p + " of the GIF file begins no block: " + block);
      }
    }
    ByteArrayOutputStream kept = new ByteArrayOutputStream(end + 2);
    kept.write(file, 0, Math.min(end, p < 0 ? -p : end));
    if (cut && -p < file.length) {
      kept.write(file.length + p - 1); // the length of what is there of the last sub-block
      kept.write(file, 1 - p, file.length + p - 1);
    }
    kept.write(0);
    kept.write(0x3B);
    int width = u16(file, 6);
    int height = u16(file, 8);
    return new GifStream(width, height, left, top, animated, cut, kept.toByteArray());
  }

  /** Bytes of the colour table that a field of flags announces. */
  private static int colours(byte flags) {
    return (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);
  }

  /**
   * Where the sub-blocks that begin at {@code p} have ended; when the file ends before, minus the
   * place of the sub-block that is cut.
   */
  private static int subBlocks(byte[] file, int p) {
    int at = p;
    while (at < file.length) {
      int length = file[at] & 0xFF;
      if (length == 0) {
        return at + 1;
      }
      if (at + 1 + length > file.length) {
        return -at;
      }
      at += 1 + length;
    }
    return -file.length;
  }

  private static RejectedImageException truncated(byte[] file) {
    return new RejectedImageException(
        TRUNCATED, "the GIF file ends after " + file.length + " bytes, before its first picture");
  }

  private static int u16(byte[] b, int i) {
    return (b[i + 1] & 0xFF) << 8 | (b[i] & 0xFF);
  }
}
