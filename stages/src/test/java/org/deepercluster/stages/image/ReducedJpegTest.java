package org.deepercluster.stages.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Files and expected pixels: reduced.py beside the resources. */
class ReducedJpegTest {
  private static final JsonNode EXPECTED = expected();

  private static JsonNode expected() {
    try {
      return new ObjectMapper().readTree(file("expected.json"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] file(String name) {
    try (InputStream in = ReducedJpegTest.class.getResourceAsStream("reduced/" + name)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Stream<String> files() {
    List<String> names = new ArrayList<>();
    EXPECTED.fieldNames().forEachRemaining(names::add);
    return names.stream();
  }

  private static Image decode(byte[] file, int scale) {
    return ReducedJpeg.decode(JpegStream.parse(file), scale, false);
  }

  @ParameterizedTest
  @MethodSource("files")
  void hasTheSamplesOfTheLowestCoefficients(String name) {
    for (int scale : new int[] {2, 4, 8}) {
      JsonNode expected = EXPECTED.get(name).get(String.valueOf(scale));
      Image image = decode(file(name), scale);
      assertThat(image.width()).isEqualTo(expected.get("width").asInt());
      assertThat(image.height()).isEqualTo(expected.get("height").asInt());
      double sum = 0;
      for (int i = 0; i < image.pixels().length; i++) {
        // Samples are rounded in fixed point: where luma and chroma are one off, a colour is three.
        int e = expected.get("pixels").get(i).asInt();
        int value = image.pixels()[i] & 0xFF;
        assertThat(value).as("value %d of %s at 1/%d", i, name, scale).isBetween(e - 3, e + 3);
        sum += Math.abs(value - e);
      }
      assertThat(sum / image.pixels().length).as("%s at 1/%d", name, scale).isLessThan(0.15);
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  void coarseChromaChangesNoLuma(String name) {
    JpegStream jpeg = JpegStream.parse(file(name));
    for (int scale : new int[] {2, 4, 8}) {
      Image fine = ReducedJpeg.decode(jpeg, scale, false);
      Image coarse = ReducedJpeg.decode(jpeg, scale, true);
      if (name.contains("444") || name.matches("(.*grey|rgb|fine).jpg")) {
        assertThat(coarse.pixels()).as("%s at 1/%d", name, scale).isEqualTo(fine.pixels());
        continue;
      }
      double sum = 0;
      int inside = 0;
      for (int i = 0; i < fine.pixels().length; i += 3) {
        double[] luma = new double[2];
        boolean clamped = false;
        for (int c = 0; c < 3; c++) {
          double weight = new double[] {0.299, 0.587, 0.114}[c];
          for (int m = 0; m < 2; m++) {
            int value = (m == 0 ? fine : coarse).pixels()[i + c] & 0xFF;
            luma[m] += weight * value;
            clamped |= value == 0 || value == 255;
          }
        }
        if (!clamped) {
          sum += Math.abs(luma[0] - luma[1]);
          inside++;
        }
      }
      assertThat(sum / inside).as("%s at 1/%d", name, scale).isLessThan(0.5);
    }
  }

  /** Where the data of the first scan begins. */
  private static int data(byte[] jpeg) {
    for (int p = 2; ; p += 2 + ((jpeg[p + 2] & 0xFF) << 8 | (jpeg[p + 3] & 0xFF))) {
      if (jpeg[p + 1] == (byte) 0xDA) {
        return p + 2 + ((jpeg[p + 2] & 0xFF) << 8 | (jpeg[p + 3] & 0xFF));
      }
    }
  }

  private static byte[] without(byte[] bytes, int from, int to) {
    byte[] cut = Arrays.copyOf(bytes, bytes.length - (to - from));
    System.arraycopy(bytes, to, cut, from, bytes.length - to);
    return cut;
  }

  @Test
  void leavesDataThatEndsEarlyToOthers() {
    for (String name : List.of("444.jpg", "grey.jpg", "restarts.jpg", "progressive.jpg")) {
      byte[] file = file(name);
      int begin = data(file);
      byte[] early = without(file, file.length - 42, file.length - 2);
      assertThat(decode(early, 8)).as("%s, cut before its end", name).isNull();
      byte[] empty = without(file, begin, file.length - 2);
      assertThat(decode(empty, 8)).as("%s without data", name).isNull();
    }
  }

  @Test
  void leavesDataThatIsTooLongToOthers() {
    byte[] file = file("444.jpg");
    byte[] longer = Arrays.copyOf(file, file.length + 3);
    longer[file.length - 2] = 0x55;
    longer[file.length - 1] = 0x55;
    longer[file.length] = 0x55;
    longer[file.length + 1] = (byte) 0xFF;
    longer[file.length + 2] = (byte) 0xD9;
    assertThat(decode(longer, 8)).isNull();
  }

  @Test
  void readsOverFillBytesAndWhatFollowsTheEnd() {
    byte[] file = file("420.jpg");
    byte[] filled = Arrays.copyOf(file, file.length + 6);
    for (int i = file.length - 2; i < file.length + 1; i++) {
      filled[i] = (byte) 0xFF;
    }
    filled[file.length + 1] = (byte) 0xD9;
    assertThat(decode(filled, 4).pixels()).isEqualTo(decode(file, 4).pixels());
  }

  @Test
  void damagedFilesAreLeftToOthersOrHaveThePictureOfTheirHeader() {
    Random chance = new Random(3);
    int read = 0;
    int left = 0;
    for (String name : files().toList()) {
      byte[] file = file(name);
      for (int i = 0; i < 300; i++) {
        byte[] damaged = file.clone();
        for (int n = chance.nextInt(3); n >= 0; n--) {
          damaged[chance.nextInt(damaged.length)] = (byte) chance.nextInt(256);
        }
        JpegStream jpeg;
        try {
          jpeg = JpegStream.parse(damaged);
        } catch (RejectedImageException e) {
          continue;
        }
        if (jpeg.components() == 4 || jpeg.width() > 1000 || jpeg.height() > 1000) {
          continue;
        }
        Image image = ReducedJpeg.decode(jpeg, 4, chance.nextBoolean());
        if (image == null) {
          left++;
        } else {
          read++;
          assertThat(image.width()).isEqualTo((jpeg.width() + 3) / 4);
          assertThat(image.height()).isEqualTo((jpeg.height() + 3) / 4);
        }
      }
    }
    assertThat(read).isPositive();
    assertThat(left).isPositive();
  }
}
