package org.deepercluster.stages.model;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The safetensors file format, for float32 tensors: 8 bytes little-endian header length, a JSON
 * header {@code {name: {dtype, shape, data_offsets}}} with an optional {@code __metadata__} of
 * strings, then the values, row-major and little-endian, without holes.
 *
 * <p>Reading is strict: a file that is cut short, has trailing bytes, overlapping or missing
 * ranges, shapes that disagree with their ranges, duplicate names or another dtype than {@code F32}
 * is refused with an {@link IOException} that names the tensor and the fault.
 */
public final class Safetensors {
  private static final String METADATA = "__metadata__";

  /** Largest header that the reference implementation accepts, in bytes. */
  private static final int MAX_HEADER = 100_000_000;

  private static final int CHUNK = 1 << 16;

  private static final ObjectMapper JSON =
      new ObjectMapper(
              JsonFactory.builder()
                  .enable(com.fasterxml.jackson.core.StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .disable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private Safetensors() {}

  /**
   * What a file holds.
   *
   * @param tensors by name, in the order of their data
   * @param metadata the header's strings; empty when there are none
   */
  public record Contents(Map<String, Tensor> tensors, Map<String, String> metadata) {}

  /**
   * Writes a file. The bytes are a function of the arguments alone.
   *
   * @param out gets the whole file; is flushed, not closed
   * @param tensors their data follow in the order of iteration
   * @param metadata free strings, may be empty
   * @throws IllegalArgumentException when a tensor is called {@code __metadata__}
   */
  public static void write(
      OutputStream out, Map<String, Tensor> tensors, Map<String, String> metadata)
      throws IOException {
    byte[] header = header(tensors, metadata);
    ByteBuffer length =
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length);
    out.write(length.array());
    out.write(header);
    ByteBuffer chunk = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
    for (Tensor tensor : tensors.values()) {
      float[] data = tensor.data();
      for (int at = 0; at < data.length; ) {
        int n = Math.min(CHUNK / Float.BYTES, data.length - at);
        chunk.asFloatBuffer().put(data, at, n);
        out.write(chunk.array(), 0, n * Float.BYTES);
        at += n;
      }
    }
    out.flush();
  }

  /** The tensors of a file by name, in the order of their data. Does not close {@code in}. */
  public static Map<String, Tensor> read(InputStream in) throws IOException {
    return readAll(in).tensors();
  }

  /** The metadata of a file; reads the header only. Does not close {@code in}. */
  public static Map<String, String> readMetadata(InputStream in) throws IOException {
    return readHeader(in).metadata();
  }

  /** Tensors and metadata of a file. Reads to its end; does not close {@code in}. */
  public static Contents readAll(InputStream in) throws IOException {
    Header header = readHeader(in);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    byte[] bytes = new byte[CHUNK];
    for (Entry entry : header.entries()) {
      float[] data = new float[Math.toIntExact((entry.end() - entry.begin()) / Float.BYTES)];
      for (int at = 0; at < data.length; ) {
        int n = Math.min(CHUNK / Float.BYTES, data.length - at);
        if (in.readNBytes(bytes, 0, n * Float.BYTES) < n * Float.BYTES) {
          throw new EOFException(
              "safetensors: cut short in the data of tensor '" + entry.name() + "'");
        }
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(data, at, n);
        at += n;
      }
      tensors.put(entry.name(), new Tensor(entry.shape(), data));
    }
    if (in.read() >= 0) {
      throw new IOException("safetensors: bytes after the last tensor's data");
    }
    return new Contents(Collections.unmodifiableMap(tensors), header.metadata());
  }

  private static byte[] header(Map<String, Tensor> tensors, Map<String, String> metadata)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.getFactory().createGenerator(bytes)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        json.writeObjectFieldStart(METADATA);
        for (Map.Entry<String, String> e : metadata.entrySet()) {
          json.writeStringField(e.getKey(), e.getValue());
        }
        json.writeEndObject();
      }
      long at = 0;
      for (Map.Entry<String, Tensor> e : tensors.entrySet()) {
        if (e.getKey().equals(METADATA)) {
          throw new IllegalArgumentException("'" + METADATA + "' cannot be a tensor's name");
        }
        json.writeObjectFieldStart(e.getKey());
        json.writeStringField("dtype", "F32");
        json.writeArrayFieldStart("shape");
        for (int n : e.getValue().shape()) {
          json.writeNumber(n);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("data_offsets");
        json.writeNumber(at);
        at += (long) e.getValue().data().length * Float.BYTES;
        json.writeNumber(at);
        json.writeEndArray();
        json.writeEndObject();
      }
      json.writeEndObject();
    }
    // The format asks for data aligned to 8 bytes; spaces after the JSON are part of the header.
    while (bytes.size() % 8 != 0) {
      bytes.write(' ');
    }
    if (bytes.size() > MAX_HEADER) {
      throw new IOException(
          "safetensors: a header of " + bytes.size() + " bytes is over the format's limit");
    }
    return bytes.toByteArray();
  }

  @SuppressWarnings("ArrayRecordComponent") // private, never compared
  private record Entry(String name, int[] shape, long begin, long end) {}

  private record Header(List<Entry> entries, Map<String, String> metadata) {}

  private static Header readHeader(InputStream in) throws IOException {
    byte[] prefix = in.readNBytes(8);
    if (prefix.length < 8) {
      throw new EOFException(
          "safetensors: cut short in the header's length, " + prefix.length + " of 8 bytes");
    }
    long length = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (length < 2 || length > MAX_HEADER) {
      throw new IOException(
          "safetensors: header length "
              + Long.toUnsignedString(length)
              + " is not between 2 and "
              + MAX_HEADER
              + "; not a safetensors file?");
    }
    byte[] header = in.readNBytes((int) length);
    if (header.length < length) {
      throw new EOFException(
          "safetensors: cut short in the header, " + header.length + " of " + length + " bytes");
    }
    return parse(new String(header, StandardCharsets.UTF_8));
  }

  private static Header parse(String text) throws IOException {
    JsonNode root;
    try (JsonParser parser = JSON.createParser(text)) {
      root = JSON.readValue(parser, JsonNode.class);
    } catch (JsonProcessingException e) {
      throw new IOException("safetensors: the header is not JSON: " + e.getOriginalMessage(), e);
    }
    if (root == null || !root.isObject()) {
      throw new IOException("safetensors: the header is not a JSON object");
    }
    Map<String, String> metadata = new LinkedHashMap<>();
    List<Entry> entries = new ArrayList<>();
    for (Map.Entry<String, JsonNode> field : root.properties()) {
      if (!field.getKey().equals(METADATA)) {
        entries.add(entry(field.getKey(), field.getValue()));
        continue;
      }
      if (!field.getValue().isObject()) {
        throw new IOException("safetensors: " + METADATA + " is not an object");
      }
      for (Map.Entry<String, JsonNode> e : field.getValue().properties()) {
        if (!e.getValue().isTextual()) {
          throw new IOException(
              "safetensors: " + METADATA + " '" + e.getKey() + "' is not a string");
        }
        metadata.put(e.getKey(), e.getValue().textValue());
      }
    }
    entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    long at = 0;
    for (Entry entry : entries) {
      if (entry.begin() != at) {
        throw fault(
            entry.name(),
            "its data begin at " + entry.begin() + " and the ones before end at " + at);
      }
      at = entry.end();
    }
    return new Header(entries, Collections.unmodifiableMap(metadata));
  }

  private static Entry entry(String name, JsonNode node) throws IOException {
    JsonNode dtype = node.path("dtype");
    JsonNode shapeNode = node.path("shape");
    JsonNode offsets = node.path("data_offsets");
    if (!dtype.isTextual() || !shapeNode.isArray() || !offsets.isArray() || node.size() != 3) {
      throw fault(name, "needs exactly dtype, shape and data_offsets, got " + node);
    }
    if (!dtype.textValue().equals("F32")) {
      throw fault(name, "dtype " + dtype.textValue() + " is not supported, only F32");
    }
    int[] shape = new int[shapeNode.size()];
    for (int i = 0; i < shape.length; i++) {
      if (!shapeNode.get(i).canConvertToInt()
          || !shapeNode.get(i).isIntegralNumber()
          || shapeNode.get(i).intValue() < 0) {
        throw fault(name, "shape " + shapeNode + " is not an array of sizes");
      }
      shape[i] = shapeNode.get(i).intValue();
    }
    if (offsets.size() != 2 || !isOffset(offsets.get(0)) || !isOffset(offsets.get(1))) {
      throw fault(name, "data_offsets " + offsets + " are not a begin and an end");
    }
    long begin = offsets.get(0).longValue();
    long end = offsets.get(1).longValue();
    long size;
    try {
      size = Tensor.size(shape);
    } catch (ArithmeticException e) {
      throw fault(name, "shape " + shapeNode + " is too large");
    }
    if (size > Integer.MAX_VALUE - 8) {
      throw fault(name, "shape " + shapeNode + " has more values than one array holds");
    }
    if (begin > end || end - begin != size * Float.BYTES) {
      throw fault(
          name,
          "data_offsets "
              + offsets
              + " do not span the "
              + size * Float.BYTES
              + " bytes of shape "
              + shapeNode);
    }
    return new Entry(name, shape, begin, end);
  }

  private static boolean isOffset(JsonNode node) {
    return node.isIntegralNumber() && node.canConvertToLong() && node.longValue() >= 0;
  }

  private static IOException fault(String name, String what) {
    return new IOException("safetensors: tensor '" + name + "': " + what);
  }
}
