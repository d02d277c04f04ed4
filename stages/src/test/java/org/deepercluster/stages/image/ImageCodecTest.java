package org.deepercluster.stages.image;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.deepercluster.stages.image.RejectedImageException.Cause;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Files and expected pixels: codec.py beside the resources. */
class ImageCodecTest {
  private static final JsonNode EXPECTED = json("codec/expected.json");

  static Stream<String> files() {
    List<String> names = new ArrayList<>();
    EXPECTED.fieldNames().forEachRemaining(names::add);
    return names.stream();
  }

  @ParameterizedTest
  @MethodSource("files")
  void decodesToTheReferencePixels(String name) {
    JsonNode expected = EXPECTED.get(name);
    byte[] file = file(name);
    Image image = ImageCodec.decode(file);

    assertThat(image.width()).isEqualTo(expected.get("width").asInt());
    assertThat(image.height()).isEqualTo(expected.get("height").asInt());
    assertThat(image.channels()).isEqualTo(expected.get("channels").asInt());
    // 0 for PNG. JPEG decoders may differ in the last bits of the inverse DCT and colour
    // conversion.
    int tolerance = expected.get("tolerance").asInt();
    for (int i = 0; i < image.pixels().length; i++) {
      assertThat(image.pixels()[i] & 0xFF)
          .as("value %d of %s", i, name)
          .isBetween(
              expected.get("pixels").get(i).asInt() - tolerance,
              expected.get("pixels").get(i).asInt() + tolerance);
    }
    EncodedImage encoded = EncodedImage.of(file);
    assertThat(encoded.encoding()).isEqualTo(name.endsWith("png") ? "png" : "jpeg");
    assertThat(encoded.decode()).isEqualTo(image);
  }

  @Test
  void rejectsCmyk() {
    rejected(file("cmyk.jpg"), Cause.UNSUPPORTED, "4 components");
  }

  @ParameterizedTest
  @CsvSource({"full.jpg", "progressive.jpg", "grey.jpg", "rgb8.png", "grey16.png"})
  void rejectsAFileCutAnywhere(String name) {
    byte[] file = file(name);
    int first = name.endsWith("png") ? 8 : 3; // before that, it is not an image at all
    // a JPEG without just its end marker still has its whole picture; what is lost is nothing
    int last = name.endsWith("png") ? file.length - 1 : file.length - 3;
    for (int n = first; n <= last; n += 7) {
      byte[] cut = Arrays.copyOf(file, n);
      assertThatThrownBy(() -> ImageCodec.decode(cut))
          .as("%s cut after %d of %d bytes", name, n, file.length)
          .isInstanceOfSatisfying(
              RejectedImageException.class, e -> assertThat(e.reason()).isEqualTo(Cause.TRUNCATED));
    }
  }

  @Test
  void anyDamageEitherDecodesOrIsRejected() {
    List<String> names =
        files().filter(n -> n.matches("(full|grey|exif-only).jpg|rgb8.png|palette4.png")).toList();
    assertThat(names).hasSize(5);
    int rejections = 0;
    for (String name : names) {
      byte[] file = file(name);
      for (int i = 0; i < file.length; i += 3) {
        byte[] damaged = file.clone();
        damaged[i] ^= (byte) 0xA5;
        try {
          ImageCodec.decode(damaged);
        } catch (RejectedImageException e) {
          rejections++;
        }
      }
    }
    assertThat(rejections).isPositive();
  }

  @Test
  void rejectsWhatIsNoImage() {
    rejected(new byte[0], Cause.NOT_AN_IMAGE, "empty");
    rejected("<html>not found</html>".getBytes(ISO_8859_1), Cause.NOT_AN_IMAGE, "first bytes");
    rejected(
        "GIF89a........".getBytes(ISO_8859_1), Cause.UNSUPPORTED, "GIF; JPEG and PNG are read");
    rejected("RIFF....WEBPVP8 ".getBytes(ISO_8859_1), Cause.UNSUPPORTED, "WEBP");
    rejected("\0\0\0\u0018ftypheic".getBytes(ISO_8859_1), Cause.UNSUPPORTED, "HEIC");
  }

  @Test
  void rejectsABombBeforeTakingMemoryForIt() {
    byte[] png = file("grey1.png").clone();
    ByteBuffer.wrap(png).putInt(16, 2_000_000_000).putInt(20, 2_000_000_000);
    CRC32 crc = new CRC32();
    crc.update(png, 12, 17);
    ByteBuffer.wrap(png).putInt(29, (int) crc.getValue());
    byte[] jpeg = file("full.jpg").clone();
    int frame = indexOf(jpeg, 0xC0);
    ByteBuffer.wrap(jpeg).putShort(frame + 4, (short) 65000).putShort(frame + 6, (short) 65000);

    assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          rejected(png, Cause.TOO_LARGE, "2000000000×2000000000 pixels; the limit is 67108864");
          rejected(jpeg, Cause.TOO_LARGE, "65000×65000 pixels");
        });
  }

  @Test
  void rejectsAWrongChecksum() {
    byte[] png = file("rgb8.png").clone();
    png[indexOf(png, 'I', 'D', 'A', 'T') + 6] ^= 1;
    rejected(png, Cause.UNREADABLE, "checksum of the PNG chunk IDAT");
  }

  @Test
  void givesTheSameOnManyThreads() {
    byte[] file = file("half.jpg");
    Image image = ImageCodec.decode(file);
    assertThat(IntStream.range(0, 200).parallel().mapToObj(i -> ImageCodec.decode(file)))
        .allMatch(image::equals);
  }

  @Test
  void rawPixelsAreTakenAsTheyAre() {
    Image image = new Image(2, 1, 3, new byte[] {1, 2, 3, (byte) 255, 5, 6});
    EncodedImage encoded = EncodedImage.raw(image);
    assertThat(encoded).isEqualTo(new EncodedImage("raw", 2, 1, 3, image.pixels()));
    assertThat(encoded.decode()).isEqualTo(image);
    assertThat(image.at(1, 0, 0)).isEqualTo(255);
    assertThatThrownBy(() -> new EncodedImage("raw", 3, 1, 3, image.pixels()).decode())
        .isInstanceOf(RejectedImageException.class)
        .hasMessage("unreadable: image of 3×1×3 needs 9 bytes, got 6");
    assertThatThrownBy(() -> new EncodedImage("gif", 3, 1, 3, image.pixels()))
        .hasMessage("encoding 'gif': must be one of jpeg, png, raw");
  }

  @Test
  void anImageChecksItsSides() {
    assertThatThrownBy(() -> new Image(0, 1, 1, new byte[0])).hasMessageContaining("0×1");
    assertThatThrownBy(() -> new Image(1, 1, 2, new byte[2])).hasMessageContaining("2 channels");
    assertThatThrownBy(() -> new CropBox(0, -1, 2, 2)).hasMessageContaining("(0, -1)");
  }

  private static void rejected(byte[] file, Cause cause, String detail) {
    RejectedImageException e =
        catchThrowableOfType(RejectedImageException.class, () -> ImageCodec.decode(file));
    assertThat(e).isNotNull();
    assertThat(e.reason()).isEqualTo(cause);
    assertThat(e.detail()).contains(detail);
    assertThat(e).hasMessage(cause.word() + ": " + e.detail());
  }

  private static int indexOf(byte[] file, int... word) {
    for (int i = 0; i < file.length - word.length; i++) {
      int at = i;
      boolean marker = word.length > 1 || (i > 0 && file[i - 1] == (byte) 0xFF);
      if (marker
          && IntStream.range(0, word.length).allMatch(j -> (file[at + j] & 0xFF) == word[j])) {
        return i;
      }
    }
    throw new IllegalArgumentException("not found");
  }

  private static byte[] file(String name) {
    try (InputStream in = ImageCodecTest.class.getResourceAsStream("codec/" + name)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static JsonNode json(String name) {
    try (InputStream in = ImageCodecTest.class.getResourceAsStream(name)) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
