package org.deepercluster.stages.table;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.TypeFactory;
import com.fasterxml.jackson.databind.util.LRUMap;
import com.fasterxml.jackson.databind.util.LookupCache;
import java.io.IOException;
import java.io.InputStream;

/** Small JSON files on any Beam file system. */
public final class Json {
  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          // Jackson's shared cache of types outlives a job on a cluster, and would keep its
          // classes.
          .typeFactory(
              TypeFactory.defaultInstance()
                  .withCache((LookupCache<Object, JavaType>) new LRUMap<Object, JavaType>(16, 200)))
          .build();

  private Json() {}

  /** The value as indented JSON, map keys in order. */
  public static String text(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("no JSON form of " + value.getClass(), e);
    }
  }

  /**
   * Writes {@code value} to {@code path}; the file appears whole or not at all where the file
   * system renames.
   */
  public static void write(String path, Object value) throws IOException {
    Files.write(path, MAPPER.writeValueAsBytes(value));
  }

  /**
   * Reads a value.
   *
   * @throws IOException naming the file, when it is absent or not of this form
   */
  public static <T> T read(String path, Class<T> type) throws IOException {
    try (InputStream in = Files.open(path)) {
      return MAPPER.readValue(in, type);
    } catch (JsonProcessingException e) {
      throw new IOException(path + ": " + e.getOriginalMessage(), e);
    }
  }
}
