package org.deepercluster.stages.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
  @Test
  void readsBackWhatItWrote() throws IOException {
    LinkedHashMap<String, Tensor> tensors = new LinkedHashMap<>();
    float[] large = new float[40_000]; // more than one chunk
    for (int i = 0; i < large.length; i++) {
      large[i] = (float) Math.sin(i);
    }
    tensors.put("z", new Tensor(new int[] {200, 200}, large));
    tensors.put("a \"quoted\" näme", Tensor.vector(Float.NaN, Float.MIN_VALUE, -0f));
    tensors.put("scalar", Tensor.scalar(7));
    tensors.put("none", new Tensor(new int[] {3, 0}, new float[0]));
    Map<String, String> metadata = Map.of("epoch", "3");

    byte[] file = write(tensors, metadata);
    Safetensors.Contents back = Safetensors.readAll(new ByteArrayInputStream(file));

    assertThat(back.tensors()).containsExactlyEntriesOf(tensors);
    assertThat(back.metadata()).isEqualTo(metadata);
    assertThat(write(new LinkedHashMap<>(back.tensors()), back.metadata())).isEqualTo(file);
    assertThat(Safetensors.readMetadata(new ByteArrayInputStream(file))).isEqualTo(metadata);
    assertThat(ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong() % 8).isZero();
  }

  @Test
  void holdsNothing() throws IOException {
    byte[] file = write(new LinkedHashMap<>(), Map.of());
    assertThat(Safetensors.read(new ByteArrayInputStream(file))).isEmpty();
    assertThat(Safetensors.readMetadata(new ByteArrayInputStream(file))).isEmpty();
  }

  /** {@code golden.safetensors} was written by Python's safetensors: safetensors_golden.py. */
  @Test
  void readsAFileOfTheReferenceImplementation() throws IOException {
    Safetensors.Contents golden;
    try (InputStream in = getClass().getResourceAsStream("golden.safetensors")) {
      golden = Safetensors.readAll(in);
    }
    assertThat(golden.metadata())
        .containsExactlyInAnyOrderEntriesOf(Map.of("trunk", "vgg-small", "note", "größe"));
    float[] conv = new float[24];
    for (int i = 0; i < 24; i++) {
      conv[i] = (i - 11.5f) / 8;
    }
    assertThat(golden.tensors())
        .containsOnlyKeys("conv1.weight", "bias", "scalar", "empty")
        .containsEntry("conv1.weight", new Tensor(new int[] {2, 3, 2, 2}, conv))
        .containsEntry("bias", Tensor.vector(1e-38f, -0f, Float.POSITIVE_INFINITY, 1f / 3))
        .containsEntry("scalar", Tensor.scalar(2.5f))
        .containsEntry("empty", new Tensor(new int[] {0, 5}, new float[0]));
  }

  @Test
  void refusesAFileCutShortAnywhere() throws IOException {
    LinkedHashMap<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("w", Tensor.vector(1, 2, 3));
    byte[] file = write(tensors, Map.of());
    for (int n = 0; n < file.length; n++) {
      byte[] cut = Arrays.copyOf(file, n);
      assertThatThrownBy(() -> Safetensors.read(new ByteArrayInputStream(cut)))
          .isInstanceOf(EOFException.class)
          .hasMessageContaining("cut short");
    }
    assertThatThrownBy(
            () -> Safetensors.read(new ByteArrayInputStream(Arrays.copyOf(file, file.length + 1))))
        .hasMessageContaining("bytes after the last tensor");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[]|not a JSON object",
        "{\"w\":|not JSON",
        "{} {}|not JSON",
        "{\"w\":1}|needs exactly dtype, shape and data_offsets",
        "{\"w\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}|dtype F16 is not supported",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}|not an array of sizes",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}|not an array of sizes",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}|do not span the 4 bytes",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}|do not span the 4 bytes",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}|not a begin and an end",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}|begin at 4",
        "{\"v\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
            + "\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}|begin at 0",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[2147483647,2147483647,4],\"data_offsets\":[0,4]}}"
            + "|too large",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[65536,65536],\"data_offsets\":[0,4]}}|more values",
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},"
            + "\"w\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}|Duplicate field",
        "{\"__metadata__\":{\"a\":1}}|is not a string",
        "{\"__metadata__\":1}|is not an object",
      })
  void refusesAFaultyHeader(String header, String message) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    byte[] file =
        ByteBuffer.allocate(8 + json.length + 4)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(json.length)
            .put(json)
            .array();
    assertThatThrownBy(() -> Safetensors.read(new ByteArrayInputStream(file)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(message);
  }

  @Test
  void refusesWhatIsNoSafetensorsFile() {
    byte[] text = "#!/usr/bin/env python".getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() -> Safetensors.read(new ByteArrayInputStream(text)))
        .hasMessageContaining("not a safetensors file");
  }

  @Test
  void refusesShapesAndNamesThatCannotBe() {
    assertThatThrownBy(() -> new Tensor(new int[] {2, 3}, new float[5]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("tensor of shape [2, 3] needs 6 values, got 5");
    LinkedHashMap<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("__metadata__", Tensor.scalar(0));
    assertThatThrownBy(() -> write(tensors, Map.of())).isInstanceOf(IllegalArgumentException.class);
  }

  private static byte[] write(LinkedHashMap<String, Tensor> tensors, Map<String, String> metadata)
      throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Safetensors.write(out, tensors, metadata);
    return out.toByteArray();
  }
}
