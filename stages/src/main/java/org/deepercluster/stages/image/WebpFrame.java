package org.deepercluster.stages.image;

import java.util.ArrayList;
import java.util.List;

/**
 * What a WebP file (RFC 9649) says of one of its pictures in the picture's own header, which need
 * not be what the file's header says.
 *
 * @param lossy VP8, else VP8L
 * @param width columns
 * @param height rows
 */
record WebpFrame(boolean lossy, int width, int height) {
  private static final int HEAD = 12;

  /** All pictures that the file has headers of. */
  static List<WebpFrame> of(byte[] file) {
    List<WebpFrame> frames = new ArrayList<>();
    // Wherever such a chunk may begin: a decoder that is led there by wrong lengths finds it, too.
    for (int p = HEAD; p + 18 <= file.length; p++) {
      if (file[p] != 'V' || file[p + 1] != 'P' || file[p + 2] != '8') {
        continue;
      }
      int body = p + 8;
      if (file[p + 3] == ' ') {
        frames.add(new WebpFrame(true, u16(file, body + 6) & 0x3FFF, u16(file, body + 8) & 0x3FFF));
      } else if (file[p + 3] == 'L') {
        int bits = u16(file, body + 1) | u16(file, body + 3) << 16;
        frames.add(new WebpFrame(false, (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1));
      }
    }
    return frames;
  }

  /**
   * Where the chunks between two places end: at the second one, or behind it when the last chunk is
   * cut. Wrong lengths lead the decoder in circles, so nothing but whole chunks gets there.
   *
   * @throws RejectedImageException unreadable, when a chunk other than a picture is cut
   */
  static long chunks(byte[] file, int from, int to) {
    long p = from;
    while (p + 8 <= to) {
      int at = (int) p;
      long length = u16(file, at + 4) | (long) u16(file, at + 6) << 16;
      long end = p + 8 + length;
      boolean picture = file[at] == 'V' && file[at + 1] == 'P' && file[at + 2] == '8';
      boolean frame =
          file[at] == 'A' && file[at + 1] == 'N' && file[at + 2] == 'M' && file[at + 3] == 'F';
      if (end > to && !picture) {
        throw new RejectedImageException(
            RejectedImageException.Cause.UNREADABLE,
            "chunk at byte "
                + p
                + " of the WebP file has "
                + length
                + " bytes, more than there are");
      }
      if (frame) {
        chunks(file, Math.min((int) end, at + 24), (int) end);
      }
      p = end + (length & 1);
    }
    return p;
  }

  private static int u16(byte[] b, int i) {
    return (b[i + 1] & 0xFF) << 8 | (b[i] & 0xFF);
  }
}
