package org.deepercluster.stages.evaluate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;

/** Reference values that golden.py wrote with NumPy, scikit-learn and PyTorch. */
final class Golden {
  private Golden() {}

  static JsonNode values() {
    return read("golden.json");
  }

  static LabelledFeatures train() {
    return features("train");
  }

  /** The first {@code n} training rows. */
  static LabelledFeatures train(int n) {
    LabelledFeatures all = train();
    return new LabelledFeatures(
        Arrays.copyOf(all.values(), n * all.dim()),
        all.dim(),
        Arrays.copyOf(all.labels(), n),
        all.classes());
  }

  static LabelledFeatures test() {
    return features("test");
  }

  static int[] ints(JsonNode array) {
    int[] values = new int[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).intValue();
    }
    return values;
  }

  static float[] floats(JsonNode array) {
    float[] values = new float[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).floatValue();
    }
    return values;
  }

  private static LabelledFeatures features(String part) {
    JsonNode f = read("features.json");
    return new LabelledFeatures(
        floats(f.get(part)),
        f.get("dim").intValue(),
        ints(f.get(part + "Labels")),
        f.get("classes").intValue());
  }

  static JsonNode read(String name) {
    try (InputStream in = Golden.class.getResourceAsStream(name)) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
