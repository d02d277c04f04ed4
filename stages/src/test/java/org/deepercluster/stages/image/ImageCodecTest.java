package org.deepercluster.stages.image;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
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
import javax.imageio.ImageIO;
import org.deepercluster.stages.image.RejectedImageException.Cause;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Files and expected pixels: codec.py and formats.py beside the resources. */
class ImageCodecTest {
  private static final JsonNode EXPECTED = json("codec/expected.json");
  private static final JsonNode FORMATS = json("formats/expected.json");

  static Stream<String> files() {
    List<String> names = new ArrayList<>();
    EXPECTED.fieldNames().forEachRemaining(names::add);
    FORMATS.fieldNames().forEachRemaining(names::add);
    return names.stream();
  }

  @ParameterizedTest
  @MethodSource("files")
  void decodesToTheReferencePixels(String name) {
    JsonNode expected = EXPECTED.has(name) ? EXPECTED.get(name) : FORMATS.get(name);
    byte[] file = file(name);
    Image image = ImageCodec.decode(file);

    assertThat(image.width()).isEqualTo(expected.get("width").asInt());
    assertThat(image.height()).isEqualTo(expected.get("height").asInt());
    assertThat(image.channels()).isEqualTo(expected.get("channels").asInt());
    // 0 where nothing is lost. JPEG decoders may differ in the last bits of the inverse DCT and
    // colour conversion, those of lossy WebP in how they upsample chroma.
    int tolerance = expected.get("tolerance").asInt();
    for (int i = 0; i < image.pixels().length; i++) {
      assertThat(image.pixels()[i] & 0xFF)
          .as("value %d of %s", i, name)
          .isBetween(
              expected.get("pixels").get(i).asInt() - tolerance,
              expected.get("pixels").get(i).asInt() + tolerance);
    }
    EncodedImage encoded = EncodedImage.of(file);
    String suffix = name.substring(name.lastIndexOf('.') + 1);
    assertThat(encoded.encoding()).isEqualTo(suffix.replace("jpg", "jpeg").replace("tif", "tiff"));
    assertThat(encoded.decode()).isEqualTo(image);
  }

  @Test
  void takesThePicturesOfAnAnimationAsTold() {
    ImageRules none = new ImageRules(false, 1, ImageCodec.MAX_PIXELS, true, false);
    for (String name : List.of("animated.gif", "animated.webp")) {
      rejected(file(name), none, Cause.ANIMATED, "more than one picture");
    }
    assertThat(ImageCodec.decode(file("palette.gif"), none))
        .isEqualTo(ImageCodec.decode(file("animated.gif")));
    assertThat(ImageCodec.decode(file("pages.tif"), none).width()).isEqualTo(21);
  }

  @ParameterizedTest
  @CsvSource({
    "full.jpg, 20",
    "progressive.jpg, 5",
    "rgb8.png, 40",
    "palette.gif, 40",
    "rgb.bmp, 20",
    "rgb-raw.tif, 300"
  })
  void decodesWhatIsThereOfACutFile(String name, int lost) {
    ImageRules rules = new ImageRules(true, 1, ImageCodec.MAX_PIXELS, false, false);
    byte[] file = file(name);
    byte[] cut = Arrays.copyOf(file, file.length - lost);
    rejected(cut, Cause.TRUNCATED, "");
    Image whole = ImageCodec.decode(file);
    Image part = ImageCodec.decode(cut, rules);
    assertThat(part.width()).isEqualTo(whole.width());
    assertThat(part.height()).isEqualTo(whole.height());
    int row = whole.width() * whole.channels();
    int from = name.endsWith("bmp") ? row * (whole.height() - 1) : 0; // the last row comes first
    assertThat(Arrays.copyOfRange(part.pixels(), from, from + row))
        .isEqualTo(Arrays.copyOfRange(whole.pixels(), from, from + row));
    assertThat(part).isNotEqualTo(whole);
    EncodedImage stored = EncodedImage.of(cut, rules);
    assertThat(stored.decode()).isEqualTo(part);
  }

  @Test
  void rejectsByTheRules() {
    ImageRules rules = new ImageRules(false, 11, 13 * 10, false, true);
    assertThatThrownBy(() -> EncodedImage.of(file("full.jpg"), rules))
        .hasMessage("too-small: 13×10 pixels; each side must be at least 11");
    rejected(file("rgb.bmp"), rules, Cause.TOO_LARGE, "21×14 pixels; the limit is 130");
    rejected(file("rgb-raw.tif"), rules, Cause.TOO_LARGE, "21×14 pixels; the limit is 130");
    rejected(file("lossy.webp"), rules, Cause.TOO_LARGE, "21×14 pixels; the limit is 130");
    rejected(file("palette.gif"), rules, Cause.TOO_LARGE, "21×14 pixels; the limit is 130");
    byte[] uniform = file("uniform.jpg");
    ImageRules strict = new ImageRules(false, 1, ImageCodec.MAX_PIXELS, false, true);
    assertThatThrownBy(() -> EncodedImage.of(uniform, strict))
        .hasMessage("uniform: all pixels are of one colour");
    assertThat(EncodedImage.of(uniform, ImageRules.ANY).width()).isEqualTo(200);
    // at 1/8 the checks of one pixel are all grey
    assertThat(EncodedImage.of(file("checks.jpg"), strict).width()).isEqualTo(160);
  }

  @Test
  void decodesAtTheSmallestScaleThatSuffices() {
    byte[] file = file("photo.jpg");
    Image whole = ImageCodec.decode(file);
    for (int[] c : new int[][] {{1000, 1}, {101, 1}, {100, 2}, {51, 2}, {50, 4}, {25, 8}, {1, 8}}) {
      ImageCodec.Reduced r = ImageCodec.reduced(file, c[0], ImageRules.ANY);
      assertThat(r.scale()).as("side %d", c[0]).isEqualTo(c[1]);
      assertThat(r.width()).isEqualTo(whole.width()).isEqualTo(199);
      assertThat(r.height()).isEqualTo(whole.height()).isEqualTo(301);
      assertThat(r.image().width()).isEqualTo((199 + c[1] - 1) / c[1]);
      assertThat(r.image().height()).isEqualTo((301 + c[1] - 1) / c[1]);
    }
    // Fewer coefficients are about the mean of the pixels.
    Image quarter = ImageCodec.reduced(file, 50, ImageRules.ANY).image();
    double difference = 0;
    for (int y = 0; y < 75; y++) {
      for (int x = 0; x < 49; x++) {
        int sum = 0;
        for (int i = 0; i < 16; i++) {
          sum += whole.at(4 * x + i % 4, 4 * y + i / 4, 1);
        }
        difference += Math.abs(sum / 16.0 - quarter.at(x, y, 1));
      }
    }
    assertThat(difference / (75 * 49)).isLessThan(2);
  }

  @Test
  void aChunkOfAWrongLengthLeadsNobodyInCircles() {
    byte[] file = file("animated.webp").clone(); // VP8X at 12, ANIM at 30
    file[34] = (byte) 0xF0;
    file[35] = file[36] = file[37] = (byte) 0xFF;
    rejected(file, Cause.UNREADABLE, "chunk at byte 30 of the WebP file has 4294967280 bytes");
  }

  @Test
  void rejectsArithmeticCoding() {
    byte[] file = file("full.jpg").clone();
    file[indexOf(file, 0xC0)] = (byte) 0xC9;
    rejected(file, Cause.UNSUPPORTED, "JPEG process SOF9 (arithmetic coding)");
  }

  @ParameterizedTest
  @MethodSource("heads")
  void knowsFormatsByTheirFirstBytes(String head, ImageFormat format) {
    assertThat(ImageFormat.of(head.getBytes(ISO_8859_1))).isEqualTo(format);
  }

  static Stream<Arguments> heads() {
    return Stream.of(
        Arguments.of("", ImageFormat.NONE),
        Arguments.of("\0\0\0\u0018ftypheic", ImageFormat.HEIC),
        Arguments.of("\0\0\0\u0018ftypavif", ImageFormat.AVIF),
        Arguments.of("\0\0\0\u0018ftypmp42", ImageFormat.NONE),
        Arguments.of("\0\0\0\u000CJXL \r\n", ImageFormat.JXL),
        Arguments.of("\0\0\0\u000CjP  \r\n", ImageFormat.JPEG2000),
        Arguments.of("8BPS\0\u0001", ImageFormat.PSD),
        Arguments.of("\0\0\u0001\0\u0001\0  \0\0", ImageFormat.ICO),
        Arguments.of("<?xml version='1.0'?>\n<!-- x -->\n<svg xmlns='", ImageFormat.SVG),
        Arguments.of("\n<svg width='1'", ImageFormat.SVG),
        Arguments.of("<html><body><svg>", ImageFormat.NONE),
        Arguments.of("/* XPM */\nstatic", ImageFormat.XPM),
        Arguments.of("#define a_width 16\n#define a_height 7\n", ImageFormat.XBM),
        Arguments.of("#define WIDTH\nint", ImageFormat.NONE),
        Arguments.of("P6\n# made by hand\n3 4", ImageFormat.PNM),
        Arguments.of("P6 is here", ImageFormat.NONE),
        Arguments.of("BM is a text file of some length", ImageFormat.NONE),
        Arguments.of("II*\0\u0010\0\0\0CR", ImageFormat.RAW),
        Arguments.of("#?RADIANCE\n", ImageFormat.HDR));
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
    rejected("GIF89a........".getBytes(ISO_8859_1), Cause.UNREADABLE, "begins no block");
    rejected("RIFF\0\0\u0001\0WEBPVP8 ".getBytes(ISO_8859_1), Cause.TRUNCATED, "16 of 65544 bytes");
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

  @ParameterizedTest
  @CsvSource({
    // colour of the symbol, its alpha, on which ground, value of the symbol there, of the ground
    "255, 255, black, 255, 0",
    "240, 255, black, 240, 0",
    "255, 20, black, 20, 0",
    "220, 255, white, 220, 255",
    "0, 255, white, 0, 255",
    "0, 20, white, 235, 255"
  })
  void symbolsThatWhiteWouldSwallowAreOnBlack(
      int value, int alpha, String ground, int symbol, int around) throws IOException {
    BufferedImage argb = new BufferedImage(9, 9, BufferedImage.TYPE_INT_ARGB);
    byte[] values = {(byte) value, (byte) value};
    BufferedImage palette =
        new BufferedImage(
            9,
            9,
            BufferedImage.TYPE_BYTE_BINARY,
            new IndexColorModel(1, 2, values, values, values, new byte[] {0, (byte) alpha}));
    for (int i = 0; i < 9; i++) {
      argb.setRGB(i, i, alpha << 24 | value << 16 | value << 8 | value);
      palette.getRaster().setSample(i, i, 0, 1);
    }
    for (BufferedImage picture : List.of(argb, palette)) {
      for (String format : new String[] {"png", "tiff"}) {
        if (format.equals("tiff") && picture == palette) {
          continue; // has no transparent colours
        }
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        assertThat(ImageIO.write(picture, format, file)).isTrue();
        Image image =
            EncodedImage.of(file.toByteArray(), new ImageRules(false, 1, 99, false, true)).decode();
        assertThat(image.at(3, 3, 0)).as(ground + " " + format).isEqualTo(symbol);
        assertThat(image.at(3, 4, 0)).as(ground + " " + format).isEqualTo(around);
      }
    }
  }

  @Test
  void whatIsTransparentAllOverOrWhiteAllOverIsUniform() throws IOException {
    for (int argb : new int[] {0x00FFFFFF, 0x00123456, 0xFFFFFFFF, 0x80FFFFFF}) {
      BufferedImage picture = new BufferedImage(9, 9, BufferedImage.TYPE_INT_ARGB);
      for (int i = 0; i < 81; i++) {
        picture.setRGB(i % 9, i / 9, argb);
      }
      ByteArrayOutputStream file = new ByteArrayOutputStream();
      assertThat(ImageIO.write(picture, "png", file)).isTrue();
      assertThatThrownBy(
              () -> EncodedImage.of(file.toByteArray(), new ImageRules(false, 1, 99, false, true)))
          .hasMessage("uniform: all pixels are of one colour");
      assertThat(ImageCodec.decode(file.toByteArray()).at(0, 0, 0)).isEqualTo(255);
    }
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
    assertThatThrownBy(() -> new EncodedImage("svg", 3, 1, 3, image.pixels()))
        .hasMessage("encoding 'svg': must be one of jpeg, png, gif, bmp, webp, tiff, raw");
  }

  @Test
  void anImageChecksItsSides() {
    assertThatThrownBy(() -> new Image(0, 1, 1, new byte[0])).hasMessageContaining("0×1");
    assertThatThrownBy(() -> new Image(1, 1, 2, new byte[2])).hasMessageContaining("2 channels");
    assertThatThrownBy(() -> new CropBox(0, -1, 2, 2)).hasMessageContaining("(0, -1)");
  }

  private static void rejected(byte[] file, Cause cause, String detail) {
    rejected(file, ImageRules.ANY, cause, detail);
  }

  private static void rejected(byte[] file, ImageRules rules, Cause cause, String detail) {
    RejectedImageException e =
        catchThrowableOfType(RejectedImageException.class, () -> ImageCodec.decode(file, rules));
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

  static byte[] file(String name) {
    String folder = EXPECTED.has(name) ? "codec/" : "formats/";
    try (InputStream in = ImageCodecTest.class.getResourceAsStream(folder + name)) {
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
