package org.deepercluster.stages.beam;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.apache.beam.sdk.coders.CannotProvideCoderException;
import org.apache.beam.sdk.coders.Coder;
import org.apache.beam.sdk.coders.CoderException;
import org.apache.beam.sdk.coders.CoderRegistry;
import org.apache.beam.sdk.coders.SerializableCoder;
import org.apache.beam.sdk.util.CoderUtils;
import org.deepercluster.stages.ingest.BucketFileSystem;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Part;
import org.junit.jupiter.api.Test;

class WriteIndexTest {
  private static final WriteIndex.Gather GATHER = new WriteIndex.Gather();
  private static final Coder<List<Part>> CODER =
      GATHER.getAccumulatorCoder(CoderRegistry.createDefault(), SerializableCoder.of(Part.class));

  private static final List<Part> SORTED =
      List.of(
          part("assignments", 0, "s"),
          part("assignments", 1, "a"),
          part("assignments", 10, "b"),
          part("centroids", 0, "c"));

  /**
   * Every order of arrival, every cut into shards, shards merged from the left, right or at once.
   */
  @Test
  void theOrderDoesNotDependOnShardsNorOnMerging() throws Exception {
    int cases = 0;
    for (List<Part> order : permutations(SORTED)) {
      for (int cuts = 0; cuts < 1 << (SORTED.size() - 1); cuts++) {
        for (int way = 0; way < 3; way++) {
          assertThat(GATHER.extractOutput(merge(shards(order, cuts), way))).isEqualTo(SORTED);
          cases++;
        }
      }
    }
    assertThat(cases).isEqualTo(24 * 8 * 3);
  }

  @Test
  void nothingGivesAnEmptyIndex() throws Exception {
    assertThat(GATHER.extractOutput(GATHER.createAccumulator())).isEmpty();
    assertThat(GATHER.extractOutput(GATHER.mergeAccumulators(List.of()))).isEmpty();
    assertThat(GATHER.getDefaultOutputCoder(CoderRegistry.createDefault(), null)).isEqualTo(CODER);
  }

  @Test
  void theIndexComesBack() throws Exception {
    BucketFileSystem.start();
    Json.write("bucket://b/run/attempt-1/index.json", SORTED);
    assertThat(WriteIndex.read("bucket://b/run/attempt-1")).isEqualTo(SORTED);
  }

  private static List<List<Part>> shards(List<Part> order, int cuts)
      throws CannotProvideCoderException, CoderException {
    List<List<Part>> shards = new ArrayList<>();
    // An empty shard too: a worker may have had nothing to do.
    shards.add(GATHER.createAccumulator());
    List<Part> shard = GATHER.createAccumulator();
    for (int i = 0; i < order.size(); i++) {
      shard = GATHER.addInput(shard, order.get(i));
      if ((cuts >> i & 1) == 1 || i == order.size() - 1) {
        shards.add(travelled(shard));
        shard = GATHER.createAccumulator();
      }
    }
    return shards;
  }

  private static List<Part> merge(List<List<Part>> shards, int way) throws CoderException {
    if (way == 0) {
      return GATHER.mergeAccumulators(shards);
    }
    List<Part> all = GATHER.createAccumulator();
    for (List<Part> s : shards) {
      all = travelled(GATHER.mergeAccumulators(way == 1 ? List.of(all, s) : List.of(s, all)));
    }
    return all;
  }

  private static List<Part> travelled(List<Part> accumulator) throws CoderException {
    return CoderUtils.clone(CODER, accumulator);
  }

  private static List<List<Part>> permutations(List<Part> parts) {
    if (parts.isEmpty()) {
      return List.of(List.of());
    }
    List<List<Part>> all = new ArrayList<>();
    for (Part p : parts) {
      List<Part> rest = new ArrayList<>(parts);
      rest.remove(p);
      for (List<Part> tail : permutations(rest)) {
        List<Part> order = new ArrayList<>(List.of(p));
        order.addAll(tail);
        all.add(order);
      }
    }
    return all;
  }

  private static Part part(String table, int index, String name) {
    return new Part(table, index, "bucket://b/" + name, 1, 2, "00");
  }
}
