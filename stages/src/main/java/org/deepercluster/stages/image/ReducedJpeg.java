package org.deepercluster.stages.image;

import java.util.Arrays;

/**
 * JPEG at 1/2, 1/4 or 1/8 of its sides: all codes are read, but only those coefficients are put
 * together that the smaller picture has ({@link ScaledDct}). Chroma that is coded at half or a
 * quarter of the resolution is taken at a larger scale, as far as there are samples, and then
 * repeated; or always repeated, which is faster.
 *
 * <p>Baseline, extended and progressive files of 1 or 3 components in 8 bits (ITU-T T.81). Whatever
 * is wrong with a file or unusual is left to the decoder of the JDK, which says what it is.
 */
final class ReducedJpeg {
  /** From the zigzag order to 8 · v + u (T.81, figure A.6). */
  private static final int[] ZIGZAG = zigzag();

  private static final int BLOCK = 64;

  private static final class Component {
    int id;
    int h;
    int v;
    int quantTable;

    /** Samples that a block becomes. */
    int blockWidth;

    int blockHeight;

    /** Log2 of how many pixels across have the same sample. */
    int shiftX;

    /** Log2 of how many pixels down have the same sample. */
    int shiftY;

    /** Blocks, with those that fill the last MCUs. */
    int columns;

    int rows;

    /** Blocks that hold samples of the picture. */
    int usedColumns;

    int usedRows;

    /** Index of the last coefficient that is wanted. */
    int last;

    byte[] samples;
    ScaledDct dct;
    int[] quant;
    JpegHuffman dcTable;
    JpegHuffman acTable;
    int dc;
    boolean dcSeen;

    /** Of a progressive file: the wanted coefficients of all blocks, in zigzag order. */
    short[] coefficients;

    /** Of a progressive file: a bit per coefficient that is not 0. */
    long[] nonZero;

    /** Where the samples of a row of pixels begin. */
    int row(int y) {
      return (y >> shiftY) * columns * blockWidth;
    }
  }

  private final JpegStream jpeg;
  private final byte[] data;
  private final int scale;
  private final boolean coarse;
  private final JpegBits bits;
  private final int[][] quantTables = new int[4][];
  private final JpegHuffman[] dcTables = new JpegHuffman[4];
  private final JpegHuffman[] acTables = new JpegHuffman[4];
  private final int[] block = new int[BLOCK];
  private Component[] components;
  private boolean progressive;
  private boolean baseline;
  private boolean rgb;
  private int restartInterval;
  private int mcuColumns;
  private int mcuRows;

  private ReducedJpeg(JpegStream jpeg, int scale, boolean coarse) {
    this.jpeg = jpeg;
    this.coarse = coarse;
    this.data = jpeg.bytes();
    this.scale = scale;
    this.bits = new JpegBits(data);
  }

  /**
   * Decodes.
   *
   * @param jpeg of 1 or 3 components
   * @param scale 2, 4 or 8
   * @param coarse whether chroma of a lower resolution may stay so
   * @return ⌈width/scale⌉ × ⌈height/scale⌉ pixels as coded, before orientation; null when anything
   *     about the file is wrong or unusual
   */
  static Image decode(JpegStream jpeg, int scale, boolean coarse) {
    try {
      return new ReducedJpeg(jpeg, scale, coarse).decode();
    } catch (FaultyJpegException | ArrayIndexOutOfBoundsException e) {
      return null;
    }
  }

  private Image decode() throws FaultyJpegException {
    int p = 2;
    while (true) {
      require(data[p] == (byte) 0xFF);
      int marker = data[p + 1] & 0xFF;
      if (marker == 0xFF) {
        p++;
        continue;
      }
      if (marker == 0xD9) {
        break;
      }
      require(marker >= 0xC0 && (marker < 0xD0 || marker > 0xD8));
      int begin = p + 4;
      int end = p + 2 + JpegStream.u16(data, p + 2);
      require(end >= begin && end <= data.length);
      p = end;
      switch (marker) {
        case 0xC0, 0xC1, 0xC2 -> frame(marker, begin, end);
        case 0xC4 -> huffmanTables(begin, end);
        case 0xDA -> p = scan(begin, end);
        case 0xDB -> quantTables(begin, end);
        case 0xDD -> restartInterval = JpegStream.u16(data, begin);
        case 0xEE -> rgb = end - begin >= 12 && data[begin] == 'A' && data[begin + 11] == 0;
        default -> require((marker >= 0xE0 && marker <= 0xEF) || marker == 0xFE);
      }
    }
    require(components != null && Arrays.stream(components).allMatch(c -> c.dcSeen));
    if (progressive) {
      for (Component c : components) {
        transform(c);
      }
    }
    return pixels();
  }

  private static void require(boolean sound) throws FaultyJpegException {
    if (!sound) {
      throw new FaultyJpegException();
    }
  }

  private void quantTables(int begin, int end) throws FaultyJpegException {
    int p = begin;
    while (p < end) {
      int precision = data[p] >>> 4 & 15;
      int id = data[p] & 15;
      p++;
      require(precision <= 1 && id < 4 && p + BLOCK * (precision + 1) <= end);
      int[] table = new int[BLOCK];
      for (int k = 0; k < BLOCK; k++) {
        table[k] = precision == 0 ? data[p + k] & 0xFF : JpegStream.u16(data, p + 2 * k);
      }
      quantTables[id] = table;
      p += BLOCK * (precision + 1);
    }
  }

  private void huffmanTables(int begin, int end) throws FaultyJpegException {
    int p = begin;
    while (p < end) {
      int id = data[p] & 0xFF;
      require((id & 0xEC) == 0 && p + 17 <= end);
      int count = 0;
      for (int i = 1; i <= 16; i++) {
        count += data[p + i] & 0xFF;
      }
      require(count <= 256 && p + 17 + count <= end);
      boolean ac = id >= 16;
      (ac ? acTables : dcTables)[id & 3] = JpegHuffman.of(data, p + 1, count, ac);
      p += 17 + count;
    }
  }

  private void frame(int marker, int begin, int end) throws FaultyJpegException {
    int n = jpeg.components();
    require(components == null && (n == 1 || n == 3) && end - begin == 6 + 3 * n);
    progressive = marker == 0xC2;
    baseline = marker == 0xC0;
    components = new Component[n];
    int maxH = 1;
    int maxV = 1;
    for (int i = 0; i < n; i++) {
      Component c = new Component();
      int p = begin + 6 + 3 * i;
      c.id = data[p];
      c.h = n == 1 ? 1 : data[p + 1] >>> 4 & 15;
      c.v = n == 1 ? 1 : data[p + 1] & 15;
      c.quantTable = data[p + 2];
      require(c.h > 0 && c.v > 0 && c.quantTable >= 0 && c.quantTable < 4);
      maxH = Math.max(maxH, c.h);
      maxV = Math.max(maxV, c.v);
      components[i] = c;
    }
    mcuColumns = (jpeg.width() + 8 * maxH - 1) / (8 * maxH);
    mcuRows = (jpeg.height() + 8 * maxV - 1) / (8 * maxV);
    for (Component c : components) {
      require(maxH % c.h == 0 && Integer.bitCount(maxH / c.h) == 1);
      require(maxV % c.v == 0 && Integer.bitCount(maxV / c.v) == 1);
      int most = coarse ? 8 / scale : 8;
      int across = 8 / scale * (maxH / c.h);
      int down = 8 / scale * (maxV / c.v);
      c.blockWidth = Math.min(most, across);
      c.blockHeight = Math.min(most, down);
      c.shiftX = Integer.numberOfTrailingZeros(across / c.blockWidth);
      c.shiftY = Integer.numberOfTrailingZeros(down / c.blockHeight);
      c.columns = mcuColumns * c.h;
      c.rows = mcuRows * c.v;
      c.usedColumns = blocks(jpeg.width(), c.h, maxH);
      c.usedRows = blocks(jpeg.height(), c.v, maxV);
      for (int k = 0; k < BLOCK; k++) {
        if (ZIGZAG[k] % 8 < c.blockWidth && ZIGZAG[k] / 8 < c.blockHeight) {
          c.last = k;
        }
      }
      long count = (long) c.columns * c.rows;
      require(count * c.blockWidth * c.blockHeight < 1 << 30 && count * (c.last + 1) < 1 << 30);
      c.samples = new byte[(int) count * c.blockWidth * c.blockHeight];
      c.dct = new ScaledDct(c.blockWidth, c.blockHeight);
      if (progressive) {
        c.coefficients = new short[(int) count * (c.last + 1)];
        c.nonZero = new long[(int) count];
      }
    }
  }

  private static int blocks(int side, int factor, int max) {
    int samples = (int) (((long) side * factor + max - 1) / max);
    return (samples + 7) / 8;
  }

  /** Decodes a scan; where the marker behind it stands. */
  private int scan(int begin, int end) throws FaultyJpegException {
    require(components != null && begin < end);
    int n = data[begin];
    require(n >= 1 && n <= components.length && end - begin == 4 + 2 * n);
    Component[] in = new Component[n];
    int from = data[begin + 1 + 2 * n];
    int to = data[begin + 2 + 2 * n];
    int high = data[begin + 3 + 2 * n] >>> 4 & 15;
    int low = data[begin + 3 + 2 * n] & 15;
    require(
        progressive
            ? from >= 0 && to < BLOCK && from <= to && (from > 0 ? n == 1 : to == 0) && low <= 13
            : from == 0 && to == BLOCK - 1 && high == 0 && low == 0);
    require(high == 0 || high == low + 1);
    int next = 0;
    for (int i = 0; i < n; i++) {
      int id = data[begin + 1 + 2 * i];
      while (next < components.length && components[next].id != id) {
        next++;
      }
      require(next < components.length);
      Component c = components[next++];
      int tables = data[begin + 2 + 2 * i];
      require((tables & 0xCC) == 0 && (!baseline || (tables & 0xEE) == 0));
      c.dcTable = dcTables[tables >>> 4 & 3];
      c.acTable = acTables[tables & 3];
      boolean needsDc = from == 0 && high == 0;
      require(!needsDc || (c.dcTable != null && !c.dcSeen));
      require(to == 0 || c.acTable != null);
      require(needsDc || c.dcSeen);
      c.dcSeen = true;
      if (c.quant == null) {
        c.quant = quantTables[c.quantTable];
        require(c.quant != null);
      }
      in[i] = c;
    }
    return n == 1
        ? single(in[0], end, from, to, high, low)
        : interleaved(in, end, from, to, high, low);
  }

  private int single(Component c, int begin, int from, int to, int high, int low)
      throws FaultyJpegException {
    start(begin, c);
    int left = restartInterval;
    int restarts = 0;
    for (int y = 0; y < c.usedRows; y++) {
      for (int x = 0; x < c.usedColumns; x++) {
        if (restartInterval > 0 && left-- == 0) {
          start(restart(restarts++), c);
          left = restartInterval - 1;
        }
        block(c, x, y, from, to, high, low);
      }
    }
    return bits.end();
  }

  private int interleaved(Component[] in, int begin, int from, int to, int high, int low)
      throws FaultyJpegException {
    start(begin, in);
    int left = restartInterval;
    int restarts = 0;
    for (int my = 0; my < mcuRows; my++) {
      for (int mx = 0; mx < mcuColumns; mx++) {
        if (restartInterval > 0 && left-- == 0) {
          start(restart(restarts++), in);
          left = restartInterval - 1;
        }
        for (Component c : in) {
          for (int v = 0; v < c.v; v++) {
            for (int h = 0; h < c.h; h++) {
              block(c, mx * c.h + h, my * c.v + v, from, to, high, low);
            }
          }
        }
      }
    }
    return bits.end();
  }

  private void start(int at, Component... in) {
    bits.seek(at);
    for (Component c : in) {
      c.dc = 0;
    }
  }

  /** Where the data behind the next restart marker begins. */
  private int restart(int number) throws FaultyJpegException {
    int at = bits.end();
    require((data[at + 1] & 0xFF) == 0xD0 + number % 8);
    return at + 2;
  }

  private void block(Component c, int x, int y, int from, int to, int high, int low)
      throws FaultyJpegException {
    int index = y * c.columns + x;
    if (!progressive) {
      c.dc += bits.difference(c.dcTable);
      block[0] = c.dc * c.quant[0];
      boolean flat = !bits.coefficients(c.acTable, c.last, c.quant, ZIGZAG, block);
      inverse(c, x, y, flat);
      return;
    }
    int stored = c.last + 1;
    int offset = index * stored;
    if (from > 0) {
      c.nonZero[index] =
          high == 0
              ? c.nonZero[index]
                  | bits.firstBits(c.acTable, from, to, low, stored, c.coefficients, offset)
              : bits.nextBit(
                  c.acTable, from, to, low, stored, c.coefficients, offset, c.nonZero[index]);
    } else if (high == 0) {
      c.dc += bits.difference(c.dcTable);
      c.coefficients[offset] = (short) (c.dc << low);
    } else {
      c.coefficients[offset] |= (short) (bits.bit() << low);
    }
  }

  private void transform(Component c) {
    int stored = c.last + 1;
    for (int y = 0; y < c.usedRows; y++) {
      for (int x = 0; x < c.usedColumns; x++) {
        int offset = (y * c.columns + x) * stored;
        for (int k = 0; k < stored; k++) {
          block[ZIGZAG[k]] = c.coefficients[offset + k] * c.quant[k];
        }
        inverse(c, x, y, false);
      }
    }
  }

  private void inverse(Component c, int x, int y, boolean flat) {
    int stride = c.columns * c.blockWidth;
    int at = y * c.blockHeight * stride + x * c.blockWidth;
    if (flat) {
      c.dct.inverse(block[0], c.samples, at, stride);
    } else {
      c.dct.inverse(block, c.samples, at, stride);
      Arrays.fill(block, 0);
    }
  }

  private Image pixels() {
    int w = (jpeg.width() + scale - 1) / scale;
    int h = (jpeg.height() + scale - 1) / scale;
    int n = components.length;
    byte[] pixels = new byte[w * h * n];
    for (int y = 0; y < h; y++) {
      Component first = components[0];
      if (n == 1) {
        System.arraycopy(first.samples, first.row(y), pixels, y * w, w);
      } else {
        row(y, w, pixels);
      }
    }
    return new Image(w, h, n, pixels);
  }

  private void row(int y, int w, byte[] pixels) {
    byte[] first = components[0].samples;
    byte[] second = components[1].samples;
    byte[] third = components[2].samples;
    int row0 = components[0].row(y);
    int row1 = components[1].row(y);
    int row2 = components[2].row(y);
    int shift0 = components[0].shiftX;
    int shift1 = components[1].shiftX;
    int shift2 = components[2].shiftX;
    int at = y * w * 3;
    for (int x = 0; x < w; x++, at += 3) {
      int a = first[row0 + (x >> shift0)] & 0xFF;
      int b = second[row1 + (x >> shift1)] & 0xFF;
      int c = third[row2 + (x >> shift2)] & 0xFF;
      if (!rgb) {
        // JFIF 1.02, "Colour space", in 16 bits of fraction
        int luma = (a << 16) + (1 << 15);
        int cb = b - 128;
        int cr = c - 128;
        a = ScaledDct.clamped((luma + 91881 * cr) >> 16);
        b = ScaledDct.clamped((luma - 22554 * cb - 46802 * cr) >> 16);
        c = ScaledDct.clamped((luma + 116130 * cb) >> 16);
      }
      pixels[at] = (byte) a;
      pixels[at + 1] = (byte) b;
      pixels[at + 2] = (byte) c;
    }
  }

  private static int[] zigzag() {
    int[] order = new int[BLOCK];
    int k = 0;
    for (int sum = 0; sum <= 14; sum++) {
      for (int i = 0; i <= sum; i++) {
        int v = sum % 2 == 0 ? sum - i : i;
        int u = sum - v;
        if (u < 8 && v < 8) {
          order[k++] = 8 * v + u;
        }
      }
    }
    return order;
  }
}
