package org.deepercluster.stages.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class JpegBitsTest {
  private static final int[] ONES = IntStream.range(0, 64).map(i -> 1).toArray();
  private static final int[] ORDER = IntStream.range(0, 64).toArray();

  /** 0: sixteen zeros; 10: a coefficient of one bit; 11: the end of the block. */
  private static JpegHuffman table() throws FaultyJpegException {
    byte[] stated = new byte[16 + 3];
    stated[0] = 1;
    stated[1] = 2;
    stated[16] = (byte) 0xF0;
    stated[17] = 0x01;
    stated[18] = 0x00;
    return JpegHuffman.of(stated, 0, 3, true);
  }

  private static byte[] packed(String bits) {
    String whole = bits.replace(" ", "");
    whole += "1".repeat((8 - whole.length() % 8) % 8);
    byte[] bytes = new byte[whole.length() / 8];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) Integer.parseInt(whole.substring(8 * i, 8 * i + 8), 2);
    }
    return bytes;
  }

  private static JpegBits bits(String bits) {
    JpegBits b = new JpegBits(packed(bits));
    b.seek(0);
    return b;
  }

  @Test
  void aBlockMayBeFullWithoutAnEnd() throws Exception {
    // indices 49 to 63, and of the next block bits that would read as many zeros
    for (int last : new int[] {0, 1, 4, 24, 50, 63}) {
      JpegBits bits = bits("000" + "101".repeat(15) + "00000001" + "0".repeat(20));
      int[] into = new int[64];
      assertThat(bits.coefficients(table(), last, ONES, ORDER, into)).isEqualTo(last >= 49);
      for (int k = 0; k < 64; k++) {
        assertThat(into[k]).as("%d of %d", k, last).isEqualTo(k >= 49 && k <= last ? 1 : 0);
      }
      for (int i = 0; i < 8; i++) {
        assertThat(bits.bit()).as("bit %d behind the block", i).isEqualTo(i == 7 ? 1 : 0);
      }
    }
  }

  @Test
  void anEndIsWhereItStands() throws Exception {
    for (int last : new int[] {0, 2, 63}) {
      JpegBits bits = bits("100 0 101 11" + "0110" + "0".repeat(20));
      int[] into = new int[64];
      assertThat(bits.coefficients(table(), last, ONES, ORDER, into)).isEqualTo(last > 0);
      assertThat(into[1]).isEqualTo(last > 0 ? -1 : 0);
      assertThat(into[18]).isEqualTo(last == 63 ? 1 : 0);
      assertThat(new int[] {bits.bit(), bits.bit(), bits.bit(), bits.bit()})
          .containsExactly(0, 1, 1, 0);
    }
  }

  @Test
  void moreCoefficientsThanABlockHasAreAFault() throws Exception {
    JpegHuffman table = table();
    for (int last : new int[] {0, 4, 63}) {
      // index 50, then sixteen zeros
      JpegBits bits = bits("000" + "101".repeat(2) + "0" + "11" + "0".repeat(40));
      assertThatThrownBy(() -> bits.coefficients(table, last, ONES, ORDER, new int[64]))
          .isInstanceOf(FaultyJpegException.class);
    }
  }

  @Test
  void moreCodesThanTheirLengthsAllowAreAFault() {
    byte[] stated = new byte[16 + 3];
    stated[0] = 3;
    assertThatThrownBy(() -> JpegHuffman.of(stated, 0, 3, true))
        .isInstanceOf(FaultyJpegException.class);
  }
}
