package org.deepercluster.stages.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PixelsTest {
  /** The formula of pixels.py. */
  private static Image image(int width, int height, int channels) {
    byte[] pixels = new byte[width * height * channels];
    int at = 0;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        for (int c = 0; c < channels; c++) {
          pixels[at++] = (byte) (x * 37 + y * 91 + c * 53 + x * y * 7);
        }
      }
    }
    return new Image(width, height, channels, pixels);
  }

  /** 1 2 / 3 4, as grey. */
  private static final Image SQUARE = new Image(2, 2, 1, new byte[] {1, 2, 3, 4});

  private static float grey(int value) {
    return (value / 255f - 0.449f) / 0.226f;
  }

  /**
   * PyTorch's values: pixels.py. Both add up a few float32 products per pixel: 1e-5 apart at most.
   */
  @Test
  void agreesWithPyTorch() {
    JsonNode cases = ImageCodecTest.json("pixels.json");
    assertThat(cases).hasSize(10);
    for (JsonNode c : cases) {
      Image image = image(c.get("width").asInt(), c.get("height").asInt(), c.get("source").asInt());
      int size = c.get("size").asInt();
      int channels = c.get("channels").asInt();
      float[] out = new float[channels * size * size];
      if (c.get("kind").asText().equals("centre")) {
        Pixels.centreView(image, size, channels, out, 0);
      } else {
        JsonNode b = c.get("crop");
        CropBox crop =
            new CropBox(b.get(0).asInt(), b.get(1).asInt(), b.get(2).asInt(), b.get(3).asInt());
        boolean flip = c.get("flip").asBoolean();
        Pixels.randomView(image, crop, flip, c.get("rotation").asInt(), size, channels, out, 0);
      }
      assertThat(c.get("values")).hasSize(out.length);
      for (int i = 0; i < out.length; i++) {
        assertThat((double) out[i])
            .as("value %d of %s %s", i, c.get("kind"), image)
            .isCloseTo(c.get("values").get(i).asDouble(), within(1e-5));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "false, 0, 1 2 3 4",
    "false, 1, 2 4 1 3", // counter-clockwise: the right column becomes the top row
    "false, 2, 4 3 2 1",
    "false, 3, 3 1 4 2",
    "true, 0, 2 1 4 3",
    "true, 1, 1 3 2 4", // flipped first, then turned
    "true, 2, 3 4 1 2",
    "true, 3, 4 2 3 1",
  })
  void turnsAKnownImageExactly(boolean flip, int rotation, String expected) {
    float[] out = new float[4];
    Pixels.randomView(SQUARE, CropBox.whole(SQUARE), flip, rotation, 2, 1, out, 0);
    int[] values = Arrays.stream(expected.split(" ")).mapToInt(Integer::parseInt).toArray();
    for (int i = 0; i < 4; i++) {
      assertThat(out[i]).as("value %d", i).isEqualTo(grey(values[i]));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void copiesExactlyWhereNothingIsResized(int channels) {
    Image image = image(28, 28, channels);
    float[] out = new float[channels * 28 * 28];
    float[] centre = new float[out.length];
    Pixels.randomView(image, CropBox.whole(image), false, 0, 28, channels, out, 0);
    Pixels.centreView(image, 28, channels, centre, 0);
    float[] mean = channels == 1 ? new float[] {0.449f} : new float[] {0.485f, 0.456f, 0.406f};
    float[] std = channels == 1 ? new float[] {0.226f} : new float[] {0.229f, 0.224f, 0.225f};
    for (int c = 0; c < channels; c++) {
      for (int y = 0; y < 28; y++) {
        for (int x = 0; x < 28; x++) {
          assertThat(out[(c * 28 + y) * 28 + x])
              .isEqualTo((image.at(x, y, c) / 255f - mean[c]) / std[c]);
        }
      }
    }
    assertThat(centre).isEqualTo(out);
  }

  @Test
  void aCropOfTheViewsSizeIsCopiedFromItsPlace() {
    Image image = image(10, 8, 1);
    float[] out = new float[9];
    Pixels.randomView(image, new CropBox(4, 5, 3, 3), false, 0, 3, 1, out, 0);
    assertThat(out[0]).isEqualTo(grey(image.at(4, 5, 0)));
    assertThat(out[8]).isEqualTo(grey(image.at(6, 7, 0)));
  }

  @Test
  void aUniformImageStaysUniform() {
    byte[] pixels = new byte[37 * 91];
    Arrays.fill(pixels, (byte) 200);
    Image image = new Image(37, 91, 1, pixels);
    float[] out = new float[16 * 16];
    Pixels.randomView(image, new CropBox(3, 4, 30, 80), true, 1, 16, 1, out, 0);
    for (float v : out) {
      assertThat(v).isCloseTo(grey(200), within(2e-6f)); // weights add up to 1 but for rounding
    }
  }

  @Test
  void writesAtTheOffsetAndNowhereElse() {
    float[] out = new float[3 * 4 + 10];
    Arrays.fill(out, -77);
    Pixels.centreView(SQUARE, 2, 3, out, 5);
    assertThat(Arrays.copyOf(out, 5)).containsOnly(-77);
    assertThat(Arrays.copyOfRange(out, 17, 22)).containsOnly(-77);
    assertThat(Arrays.copyOfRange(out, 5, 17)).doesNotContain(-77);
  }

  @Test
  void takesImagesOfOnePixelAndExtremeShapes() {
    for (Image image : new Image[] {image(1, 1, 3), image(1, 4000, 1), image(4000, 1, 3)}) {
      for (int size : new int[] {1, 28, 64}) {
        float[] out = new float[3 * size * size];
        Pixels.centreView(image, size, 3, out, 0);
        for (float v : out) {
          assertThat(v).isBetween(-2.2f, 2.7f);
        }
      }
    }
  }

  @Test
  void aViewOfAReducedImageHardlyDiffers() {
    EncodedImage encoded = EncodedImage.of(ImageCodecTest.file("photo.jpg")); // 199 × 301
    Image whole = encoded.decode();
    CropBox crop = new CropBox(17, 31, 150, 201);
    float[] fine = new float[3 * 32 * 32];
    float[] reduced = new float[fine.length];
    Pixels.centreView(whole, 32, 3, fine, 0);
    Pixels.centreView(encoded, 32, 3, reduced, 0);
    assertClose(reduced, fine);
    Pixels.randomView(whole, crop, true, 1, 32, 3, fine, 0);
    Pixels.randomView(encoded, crop, true, 1, 32, 3, reduced, 0);
    assertClose(reduced, fine);
    Pixels.randomView(whole, crop, true, 1, 80, 3, fine = new float[3 * 80 * 80], 0);
    Pixels.randomView(encoded, crop, true, 1, 80, 3, reduced = new float[fine.length], 0);
    assertThat(reduced).as("too small to be reduced").isEqualTo(fine);
  }

  /** Values of about −2 to 2; one level of 255 is 0.017. */
  private static void assertClose(float[] a, float[] b) {
    assertThat(a).isNotEqualTo(b);
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += Math.abs(a[i] - b[i]);
    }
    assertThat(sum / a.length).isLessThan(0.1);
  }

  @Test
  void saysWhatIsWrong() {
    float[] out = new float[3];
    CropBox whole = CropBox.whole(SQUARE);
    assertThatThrownBy(() -> Pixels.randomView(SQUARE, whole, false, 4, 1, 3, out, 0))
        .hasMessage("rotation 4: must be 0, 1, 2 or 3 quarter turns");
    assertThatThrownBy(() -> Pixels.randomView(SQUARE, whole, false, 0, 2, 3, out, 0))
        .hasMessage("view needs 12 floats from 0 on, the array has 3");
    assertThatThrownBy(() -> Pixels.randomView(SQUARE, whole, false, 0, 1, 2, out, 0))
        .hasMessage("view with 2 channels: must be 1 or 3");
    assertThatThrownBy(
            () -> Pixels.randomView(SQUARE, new CropBox(1, 0, 2, 2), false, 0, 1, 3, out, 0))
        .hasMessageContaining("reaches beyond Image[2×2×1]");
    assertThatThrownBy(() -> Pixels.centreView(SQUARE, 0, 3, out, 0))
        .hasMessage("view of size 0: must be at least 1");
  }
}
