package org.deepercluster.stages.image;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Locale;

/** Image formats, known by the first bytes of a file and never by its name. */
public enum ImageFormat {
  /** ITU-T T.81: baseline, extended and progressive. */
  JPEG(true),
  /** ISO/IEC 15948. */
  PNG(true),
  /** GIF87a and GIF89a. */
  GIF(true),
  /** Windows and OS/2 bitmaps. */
  BMP(true),
  /** WebP, lossy and lossless. */
  WEBP(true),
  /** TIFF 6.0, either byte order. */
  TIFF(true),
  /** HEIF with HEVC. */
  HEIC(false),
  /** HEIF with AV1. */
  AVIF(false),
  /** JPEG 2000, as a file or a bare code stream. */
  JPEG2000(false),
  /** JPEG XL, as a file or a bare code stream. */
  JXL(false),
  /** Photoshop. */
  PSD(false),
  /** Windows icons. */
  ICO(false),
  /** Windows cursors. */
  CUR(false),
  /** Apple's icons. */
  ICNS(false),
  /** Scalable Vector Graphics, not compressed. */
  SVG(false),
  /** X pixmap. */
  XPM(false),
  /** X bitmap. */
  XBM(false),
  /** Netpbm's formats. */
  PNM(false),
  /** GIMP. */
  XCF(false),
  /** OpenEXR. */
  EXR(false),
  /** Radiance. */
  HDR(false),
  /** DirectDraw surfaces. */
  DDS(false),
  /** Raw data of a camera. */
  RAW(false),
  /** None of these. */
  NONE(false);

  /** How many first bytes {@link #of} needs at most; fewer where the file is shorter. */
  public static final int HEAD_BYTES = 1024;

  private final boolean read;

  ImageFormat(boolean read) {
    this.read = read;
  }

  /** True for those that {@link ImageCodec} decodes. */
  public boolean isRead() {
    return read;
  }

  /** The name in lower case, as it stands in tables. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The format that a file begins as.
   *
   * @param head the file, or at least its first {@link #HEAD_BYTES} bytes
   */
  public static ImageFormat of(byte[] head) {
    if (JpegStream.starts(head)) {
      return JPEG;
    }
    if (PngStream.starts(head)) {
      return PNG;
    }
    if (has(head, 0, "GIF87a") || has(head, 0, "GIF89a")) {
      return GIF;
    }
    if (has(head, 0, "BM") && head.length > 17 && isBitmapHeader(head[14] & 0xFF, head)) {
      return BMP;
    }
    if (has(head, 0, "II*\0")) {
      return has(head, 8, "CR") ? RAW : TIFF;
    }
    if (has(head, 0, "MM\0*")) {
      return TIFF;
    }
    if (has(head, 0, "RIFF") && has(head, 8, "WEBP")) {
      return WEBP;
    }
    if (has(head, 4, "ftyp")) {
      return ofBrand(head);
    }
    if (has(head, 0, "\0\0\0\u000CjP  ") || has(head, 0, "\u00FFO\u00FFQ")) {
      return JPEG2000;
    }
    if (has(head, 0, "\0\0\0\u000CJXL ") || has(head, 0, "\u00FF\n")) {
      return JXL;
    }
    if (has(head, 0, "8BPS\0\u0001") || has(head, 0, "8BPS\0\u0002")) {
      return PSD;
    }
    if (head.length > 9 && head[4] != 0 && head[5] == 0 && head[9] == 0) {
      if (has(head, 0, "\0\0\u0001\0")) {
        return ICO;
      }
      if (has(head, 0, "\0\0\u0002\0")) {
        return CUR;
      }
    }
    if (has(head, 0, "icns")) {
      return ICNS;
    }
    if (has(head, 0, "gimp xcf ")) {
      return XCF;
    }
    if (has(head, 0, "v/1\u0001")) {
      return EXR;
    }
    if (has(head, 0, "#?RADIANCE") || has(head, 0, "#?RGBE")) {
      return HDR;
    }
    if (has(head, 0, "DDS |")) {
      return DDS;
    }
    if (has(head, 0, "FUJIFILMCCD-RAW") || has(head, 0, "IIU\0") || has(head, 0, "IIRO")) {
      return RAW;
    }
    return ofText(head);
  }

  private static boolean isBitmapHeader(int size, byte[] head) {
    boolean known =
        switch (size) {
          case 12, 16, 40, 52, 56, 64, 108, 124 -> true;
          default -> false;
        };
    return known && head[15] == 0 && head[16] == 0 && head[17] == 0;
  }

  /** ISO/IEC 14496-12: the major brand of a file says what it holds. */
  private static ImageFormat ofBrand(byte[] head) {
    for (String brand : new String[] {"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1"}) {
      if (has(head, 8, brand)) {
        return has(head, 16, "avif") ? AVIF : HEIC;
      }
    }
    if (has(head, 8, "avif") || has(head, 8, "avis")) {
      return AVIF;
    }
    return has(head, 8, "crx ") ? RAW : NONE;
  }

  private static ImageFormat ofText(byte[] head) {
    String text = new String(head, 0, Math.min(head.length, HEAD_BYTES), ISO_8859_1);
    if (text.startsWith("\u00EF\u00BB\u00BF")) {
      text = text.substring(3); // UTF-8's byte order mark
    }
    text = text.stripLeading();
    if (text.startsWith("/* XPM */")) {
      return XPM;
    }
    if (text.matches("(?s)P[1-7]\\s+[#0-9W].*")) {
      return PNM;
    }
    if (text.matches("(?s)#define\\s+\\S*_?width\\s+\\d+\\s+#define\\s+\\S*_?height\\s+\\d+.*")) {
      return XBM;
    }
    if (text.startsWith("<svg")) {
      return SVG;
    }
    boolean prologue = text.startsWith("<?xml") || text.startsWith("<!--");
    return (prologue && text.contains("<svg")) || text.startsWith("<!DOCTYPE svg") ? SVG : NONE;
  }

  private static boolean has(byte[] head, int at, String word) {
    if (head.length < at + word.length()) {
      return false;
    }
    for (int i = 0; i < word.length(); i++) {
      if ((head[at + i] & 0xFF) != word.charAt(i)) {
        return false;
      }
    }
    return true;
  }
}
