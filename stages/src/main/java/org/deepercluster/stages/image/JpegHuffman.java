package org.deepercluster.stages.image;

import java.util.Arrays;

/**
 * A Huffman table of a JPEG file (ITU-T T.81, annexes C and F.2.2) in the form that decodes fast:
 * 10 bits that lie ahead give code, additional bits and value at once where they hold them all.
 *
 * <p>An entry, for one code: bits 0–4, how many bits code and additional bits have; 5–12, the
 * symbol; 13–20, by how much an AC symbol moves the index of the coefficient ({@link #END} for an
 * end of block); bit 21, whether the entry knows the value; 22–31, the value, signed.
 */
final class JpegHuffman {
  /** Bits that are looked up at once. */
  static final int AHEAD = 10;

  /** Movement at the end of a block: further than any sound symbol gets. */
  static final int END = 128;

  /** The same where several symbols move it, which without an end get at most to 142. */
  static final int END_OF_SEVERAL = 256;

  static final int KNOWN = 1 << 21;

  private static final int BLOCK = 64;
  private static final int MAX_LENGTH = 16;

  /** By the {@link #AHEAD} bits; 0 where the code is longer. */
  final int[] ahead = new int[1 << AHEAD];

  /**
   * By the same bits, how to read over as many AC symbols as they hold, up to the end of a block:
   * bits 0–4, how many bits these have; from bit 5 on, by how much they move the index; 0 where
   * there is not even one. Of AC tables alone.
   */
  final int[] over = new int[1 << AHEAD];

  /** By length: the first 16 bits of the first code that is longer. */
  private final int[] limit = new int[MAX_LENGTH + 2];

  /** By length: what, added to a code, gives the index of its symbol. */
  private final int[] offset = new int[MAX_LENGTH + 1];

  private final byte[] symbols;

  /** Tables made lately, by a hash of what states them: most files have the same few. */
  private static final JpegHuffman[] RECENT = new JpegHuffman[64];

  private final byte[] stated;
  private final boolean ac;

  /**
   * A table as a DHT segment states it.
   *
   * @param data the segment
   * @param at where its 16 numbers of codes per length begin; the symbols follow
   * @param count number of symbols
   * @param ac whether it is a table for AC coefficients
   * @throws FaultyJpegException when there are more codes than their lengths allow
   */
  static JpegHuffman of(byte[] data, int at, int count, boolean ac) throws FaultyJpegException {
    byte[] stated = Arrays.copyOfRange(data, at, at + MAX_LENGTH + count);
    int slot = (Arrays.hashCode(stated) + (ac ? 1 : 0)) & (RECENT.length - 1);
    JpegHuffman recent = RECENT[slot];
    if (recent == null || recent.ac != ac || !Arrays.equals(recent.stated, stated)) {
      recent = new JpegHuffman(stated, ac);
      RECENT[slot] = recent;
    }
    return recent;
  }

  private JpegHuffman(byte[] stated, boolean ac) throws FaultyJpegException {
    this.stated = stated;
    this.ac = ac;
    symbols = Arrays.copyOfRange(stated, MAX_LENGTH, stated.length);
    int code = 0;
    int index = 0;
    for (int length = 1; length <= MAX_LENGTH; length++) {
      int codes = stated[length - 1] & 0xFF;
      offset[length] = index - code;
      for (int i = 0; i < codes; i++) {
        fill(code++, length, symbols[index++] & 0xFF);
      }
      if (code > 1 << length) {
        throw new FaultyJpegException();
      }
      limit[length] = code << (MAX_LENGTH - length);
      code <<= 1;
    }
    limit[MAX_LENGTH + 1] = Integer.MAX_VALUE;
    for (int next = 0; ac && next < over.length; next++) {
      over[next] = several(next);
    }
  }

  private int several(int next) {
    int taken = 0;
    int moved = 0;
    while (moved < BLOCK) {
      int entry = ahead[next << taken & (ahead.length - 1)];
      if (entry == 0 || taken + (entry & 31) > AHEAD) {
        break;
      }
      taken += entry & 31;
      int moves = entry >>> 13 & 0xFF;
      moved += moves == END ? END_OF_SEVERAL : moves;
    }
    return taken | moved << 5;
  }

  private void fill(int code, int length, int symbol) throws FaultyJpegException {
    if (length > AHEAD) {
      return;
    }
    int free = AHEAD - length;
    int first = code << free;
    if (first + (1 << free) > ahead.length) {
      throw new FaultyJpegException();
    }
    int size = symbol & 15;
    for (int rest = 0; rest < 1 << free; rest++) {
      int entry = entry(symbol, length);
      if (size <= free && size < AHEAD) {
        entry |= KNOWN | extended(rest >>> (free - size), size) << 22;
      }
      ahead[first + rest] = entry;
    }
  }

  private static int entry(int symbol, int length) {
    int run = symbol >>> 4;
    int size = symbol & 15;
    int moves = size > 0 ? run + 1 : run == 15 ? 16 : END;
    return length + size | symbol << 5 | moves << 13;
  }

  /** The value that {@code size} additional bits stand for (T.81, figure F.12). */
  static int extended(int bits, int size) {
    return size > 0 && bits >>> (size - 1) == 0 ? bits - (1 << size) + 1 : bits;
  }

  /**
   * The entry of a code of more than {@link #AHEAD} bits.
   *
   * @param next16 the next 16 bits
   * @throws FaultyJpegException when no code begins so
   */
  int longer(int next16) throws FaultyJpegException {
    int length = AHEAD + 1;
    while (next16 >= limit[length]) {
      length++;
    }
    if (length > MAX_LENGTH) {
      throw new FaultyJpegException();
    }
    int index = offset[length] + (next16 >>> (MAX_LENGTH - length));
    if (index < 0 || index >= symbols.length) {
      throw new FaultyJpegException();
    }
    return entry(symbols[index] & 0xFF, length);
  }
}
