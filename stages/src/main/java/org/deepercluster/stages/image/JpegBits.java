package org.deepercluster.stages.image;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The entropy-coded bits of a JPEG file and the coefficients in them (ITU-T T.81, annexes F.2.2 and
 * G.2). Coefficients are told by their index in zigzag order, 0 to 63.
 */
final class JpegBits {
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final int BLOCK = 64;

  private final byte[] data;

  /** Next byte to take bits from. */
  private int at;

  /** Bits taken, from the highest on. */
  private long bits;

  /** How many of them there are. */
  private int count;

  /** Of these, how many stand beyond the end of the data and are made up. */
  private int missing;

  /** Blocks that the current run of ends of bands still covers. */
  private int endOfBandRun;

  JpegBits(byte[] data) {
    this.data = data;
  }

  /** Begins with the byte at {@code position}. */
  void seek(int position) {
    at = position;
    bits = 0;
    count = 0;
    missing = 0;
    endOfBandRun = 0;
  }

  /**
   * Ends a stretch of data: all of its bits must have been used, but for those that fill its last
   * byte.
   *
   * @return where the marker behind it stands, its last byte of 0xFF
   * @throws FaultyJpegException when there were too few or too many bits
   */
  int end() throws FaultyJpegException {
    if (missing > count || endOfBandRun > 0) {
      throw new FaultyJpegException();
    }
    if (count - missing >= 8 || at + 1 >= data.length || data[at] != (byte) 0xFF) {
      throw new FaultyJpegException();
    }
    while (at + 1 < data.length && data[at + 1] == (byte) 0xFF) {
      at++;
    }
    if (at + 1 >= data.length || data[at + 1] == 0) {
      throw new FaultyJpegException();
    }
    return at;
  }

  /** Takes bits until there are at least 32; zeros where the data has ended. */
  private void fill() {
    int word;
    if (count <= 32 && at + 4 <= data.length && isPlain(word = (int) WORD.get(data, at))) {
      bits |= (word & 0xFFFFFFFFL) << (32 - count);
      count += 32;
      at += 4;
      return;
    }
    while (count < 32) {
      int b = 0;
      if (at < data.length && data[at] != (byte) 0xFF) {
        b = data[at++] & 0xFF;
      } else if (at + 1 < data.length && data[at + 1] == 0) {
        b = 0xFF;
        at += 2;
      } else {
        missing += 8;
      }
      bits |= (long) b << (56 - count);
      count += 8;
    }
  }

  /** True when no byte of {@code word} is 0xFF. */
  private static boolean isPlain(int word) {
    return ((~word - 0x01010101) & word & 0x80808080) == 0;
  }

  /** The next {@code n} bits, at most 16, as a number. */
  private int take(int n) {
    if (count < n) {
      fill();
    }
    int value = (int) (bits >>> 1 >>> (63 - n));
    bits <<= n;
    count -= n;
    return value;
  }

  private int entry(JpegHuffman table) throws FaultyJpegException {
    if (count < 32) {
      fill();
    }
    int entry = table.ahead[(int) (bits >>> (64 - JpegHuffman.AHEAD))];
    return entry != 0 ? entry : table.longer((int) (bits >>> 48));
  }

  /** Takes code and additional bits, and gives their value. */
  private int value(int entry) {
    int all = entry & 31;
    int value = entry >> 22;
    if ((entry & JpegHuffman.KNOWN) == 0) {
      int size = entry >>> 5 & 15;
      value = JpegHuffman.extended((int) (bits << (all - size) >>> 1 >>> (63 - size)), size);
    }
    bits <<= all;
    count -= all;
    return value;
  }

  /** Difference of a DC coefficient to the one before (F.2.2.1). */
  int difference(JpegHuffman table) throws FaultyJpegException {
    int entry = entry(table);
    if ((entry >>> 5 & 0xFF) > 11) {
      throw new FaultyJpegException();
    }
    return value(entry);
  }

  /** One bit. */
  int bit() {
    return take(1);
  }

  /**
   * AC coefficients of a block of a sequential scan (F.2.2.2).
   *
   * @param last index of the last coefficient that is wanted; others are read over
   * @param quant by which coefficients are multiplied, by their index
   * @param place where they go, by their index
   * @param into receives those up to {@code last} that are not 0
   * @return whether there were any
   */
  boolean coefficients(JpegHuffman table, int last, int[] quant, int[] place, int[] into)
      throws FaultyJpegException {
    int[] ahead = table.ahead;
    int[] over = table.over;
    long b = bits;
    int n = count;
    int p = at;
    int k = 1;
    boolean any = false;
    while (k < BLOCK) {
      if (n < 32) {
        bits = b;
        count = n;
        at = p;
        fill();
        b = bits;
        n = count;
        p = at;
      }
      int next = (int) (b >>> (64 - JpegHuffman.AHEAD));
      if (k > last) {
        int several = over[next];
        int moved = k + (several >>> 5);
        // The block must not be full before the last of the symbols.
        if (several != 0 && moved % JpegHuffman.END_OF_SEVERAL < BLOCK) {
          k = moved;
          b <<= several & 31;
          n -= several & 31;
          continue;
        }
      }
      int entry = ahead[next];
      if (entry == 0) {
        entry = table.longer((int) (b >>> 48));
      }
      int all = entry & 31;
      k += entry >>> 13 & 0xFF;
      int size = entry >>> 5 & 15;
      if (k - 1 <= last && size > 0) {
        int value =
            (entry & JpegHuffman.KNOWN) != 0
                ? entry >> 22
                : JpegHuffman.extended((int) (b << (all - size) >>> (64 - size)), size);
        into[place[k - 1]] = value * quant[k - 1];
        any = true;
      }
      b <<= all;
      n -= all;
    }
    bits = b;
    count = n;
    at = p;
    if (k > BLOCK && k < JpegHuffman.END) {
      throw new FaultyJpegException();
    }
    return any;
  }

  /**
   * First bits of a band of a block's AC coefficients in a progressive scan (G.1.2.2).
   *
   * @param from index of the band's first coefficient
   * @param to index of its last
   * @param low bits that are still to come
   * @param stored how many coefficients are wanted: those of the lowest indices
   * @param into receives them
   * @param offset where they begin there
   * @return a bit per coefficient of the band that is not 0
   */
  long firstBits(JpegHuffman table, int from, int to, int low, int stored, short[] into, int offset)
      throws FaultyJpegException {
    if (endOfBandRun > 0) {
      endOfBandRun--;
      return 0;
    }
    long nonZero = 0;
    int k = from;
    while (k <= to) {
      int entry = entry(table);
      int symbol = entry >>> 5 & 0xFF;
      if ((symbol & 15) == 0) {
        value(entry);
        if (symbol < 0xF0) {
          endOfBandRun = (1 << (symbol >>> 4)) - 1 + take(symbol >>> 4);
          break;
        }
        k += 16;
      } else {
        k += symbol >>> 4;
        int value = value(entry);
        if (k > to) {
          throw new FaultyJpegException();
        }
        nonZero |= 1L << k;
        if (k < stored) {
          into[offset + k] = (short) (value << low);
        }
        k++;
      }
    }
    return nonZero;
  }

  /**
   * The next bit of a band of a block's AC coefficients in a progressive scan (G.1.2.3).
   *
   * @param nonZero a bit per coefficient that is not 0 so far
   * @return the same after this scan
   */
  long nextBit(
      JpegHuffman table,
      int from,
      int to,
      int low,
      int stored,
      short[] into,
      int offset,
      long nonZero)
      throws FaultyJpegException {
    long mask = nonZero;
    int k = from;
    if (endOfBandRun == 0) {
      long b = bits;
      int n = count;
      while (k <= to) {
        if (n < 32) {
          bits = b;
          count = n;
          fill();
          b = bits;
          n = count;
        }
        int entry = table.ahead[(int) (b >>> (64 - JpegHuffman.AHEAD))];
        if (entry == 0) {
          entry = table.longer((int) (b >>> 48));
        }
        int all = entry & 31;
        long code = b;
        b <<= all;
        n -= all;
        int symbol = entry >>> 5 & 0xFF;
        int zeros = symbol >>> 4;
        int size = symbol & 15;
        if (size > 1) {
          throw new FaultyJpegException();
        }
        if (size == 0 && zeros < 15) {
          bits = b;
          count = n;
          endOfBandRun = (1 << zeros) + take(zeros);
          b = bits;
          n = count;
          break;
        }
        long open = ~mask >>> k;
        for (; zeros > 0; zeros--) {
          open &= open - 1;
        }
        int stop = Math.min(to + 1, k + Long.numberOfTrailingZeros(open));
        int passed = stop > k ? Long.bitCount(mask >>> k << (64 - stop + k)) : 0;
        if (passed > 0 && (k < stored || passed > n)) {
          bits = b;
          count = n;
          refine(mask, k, stop, low, stored, into, offset);
          b = bits;
          n = count;
        } else {
          b <<= passed;
          n -= passed;
        }
        k = stop;
        if (size > 0) {
          if (k > to) {
            throw new FaultyJpegException();
          }
          mask |= 1L << k;
          if (k < stored) {
            boolean positive = code << (all - 1) < 0;
            into[offset + k] = (short) (positive ? 1 << low : -1 << low);
          }
        }
        k++;
      }
      bits = b;
      count = n;
    }
    if (endOfBandRun > 0) {
      refine(mask, k, to + 1, low, stored, into, offset);
      endOfBandRun--;
    }
    return mask;
  }

  /** Takes a bit for each coefficient from {@code from} to before {@code to} that is not 0. */
  private void refine(
      long nonZero, int from, int to, int low, int stored, short[] into, int offset) {
    if (from >= to) {
      return;
    }
    long refined = nonZero >>> from << from << (64 - to) >>> (64 - to);
    int left = Long.bitCount(refined);
    while (left > 0) {
      if (count == 0) {
        fill();
      }
      int k = Long.numberOfTrailingZeros(refined);
      if (k >= stored) {
        // of the others only how many bits they have matters
        int n = Math.min(left, count);
        bits = bits << 1 << (n - 1);
        count -= n;
        left -= n;
        continue;
      }
      if (bits < 0) {
        int value = into[offset + k];
        into[offset + k] = (short) (value + (value < 0 ? -1 << low : 1 << low));
      }
      bits <<= 1;
      count--;
      left--;
      refined &= refined - 1;
    }
  }
}
