package org.deepercluster.stages.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;

/** Expected values: hashes.py beside the resources. */
class PerceptualHashTest {
  @Test
  void isThatOfTheReference() {
    for (JsonNode c : ImageCodecTest.json("hashes.json")) {
      Image image =
          image(
              c.get("width").asInt(),
              c.get("height").asInt(),
              c.get("channels").asInt(),
              c.get("seed").asInt());
      assertThat(PerceptualHash.of(image))
          .as("%s", c)
          .isEqualTo(Long.parseUnsignedLong(c.get("hash").asText(), 16));
    }
  }

  @Test
  void smallImagesHaveNone() {
    assertThat(PerceptualHash.of(image(31, 200, 1, 0))).isNull();
    assertThat(PerceptualHash.of(image(200, 31, 1, 0))).isNull();
    assertThat(PerceptualHash.of(new Image(40, 40, 1, new byte[1600]))).isZero();
  }

  @Test
  void hardlyChangesWithScaleAndDiffersBetweenImages() {
    byte[] file = ImageCodecTest.file("photo.jpg");
    long whole = PerceptualHash.of(ImageCodec.decode(file));
    long reduced =
        PerceptualHash.of(ImageCodec.reduced(file, PerceptualHash.SIDE, ImageRules.ANY).image());
    assertThat(Long.bitCount(whole ^ reduced)).isLessThanOrEqualTo(3);
    long other = PerceptualHash.of(image(199, 301, 3, 1));
    assertThat(Long.bitCount(whole ^ other)).isGreaterThan(16);
  }

  private static Image image(int w, int h, int channels, int seed) {
    byte[] pixels = new byte[w * h * channels];
    int at = 0;
    for (int y = 0; y < h; y++) {
      for (int x = 0; x < w; x++) {
        for (int c = 0; c < channels; c++) {
          pixels[at++] =
              (byte)
                  (x * x * (seed + 1) / 50
                      + 5 * y * (c + 1)
                      + x * y / (seed + 3)
                      + 40 * ((x / 9 + y / 7) % 2));
        }
      }
    }
    return new Image(w, h, channels, pixels);
  }
}
