package org.deepercluster.stages.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Reference values, written by golden.py beside them, and rows made up for tests. */
final class Golden {
  private final JsonNode json;

  private Golden(JsonNode json) {
    this.json = json;
  }

  static Golden of(String name) throws IOException {
    try (InputStream in = Golden.class.getResourceAsStream(name)) {
      return new Golden(new ObjectMapper().readTree(in));
    }
  }

  /** One record of a file of several. */
  static Golden of(String file, String name) throws IOException {
    return new Golden(of(file).json.get(name));
  }

  int number(String name) {
    return json.get(name).asInt();
  }

  double real(String name) {
    return json.get(name).asDouble();
  }

  double[] doubles(String name) {
    double[] values = new double[json.get(name).size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = json.get(name).get(i).asDouble();
    }
    return values;
  }

  float[] floats(String name) {
    double[] values = doubles(name);
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  int[] ints(String name) {
    return Arrays.stream(doubles(name)).mapToInt(v -> (int) v).toArray();
  }

  /** Cuts rows into blocks of the given sizes; the last block takes the rest. */
  static List<Block> blocks(float[] data, int dim, int... sizes) {
    List<Block> blocks = new ArrayList<>();
    int at = 0;
    int total = data.length / dim;
    for (int i = 0; i <= sizes.length; i++) {
      int n = i < sizes.length ? Math.min(sizes[i], total - at) : total - at;
      blocks.add(new Block(i, at, n, dim, Arrays.copyOfRange(data, at * dim, (at + n) * dim)));
      at += n;
    }
    return blocks;
  }

  /** Rows of norm 1 around {@code centres} random directions. */
  static float[] directions(int rows, int dim, int centres, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] middle = new float[centres * dim];
    for (int i = 0; i < middle.length; i++) {
      middle[i] = (float) (random.nextDouble() * 2 - 1);
    }
    float[] x = new float[rows * dim];
    for (int r = 0; r < rows; r++) {
      int c = random.nextInt(centres);
      double squares = 0;
      for (int j = 0; j < dim; j++) {
        x[r * dim + j] = middle[c * dim + j] + (float) (random.nextDouble() - 0.5);
        squares += x[r * dim + j] * x[r * dim + j];
      }
      for (int j = 0; j < dim; j++) {
        x[r * dim + j] /= (float) Math.sqrt(squares);
      }
    }
    return x;
  }

  /** The rows with these indices, joined. */
  static float[] rows(float[] x, int dim, int[] rows) {
    float[] taken = new float[rows.length * dim];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(x, rows[i] * dim, taken, i * dim, dim);
    }
    return taken;
  }
}
