package org.deepercluster.stages.beam;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.apache.beam.sdk.coders.Coder;
import org.apache.beam.sdk.coders.CoderRegistry;
import org.apache.beam.sdk.coders.ListCoder;
import org.apache.beam.sdk.coders.VoidCoder;
import org.apache.beam.sdk.transforms.Combine;
import org.apache.beam.sdk.transforms.DoFn;
import org.apache.beam.sdk.transforms.PTransform;
import org.apache.beam.sdk.transforms.ParDo;
import org.apache.beam.sdk.values.PCollection;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.Paths;

/**
 * Ends a stage's pipeline: gathers references to the files written (never their content) and leaves
 * them as {@code index.json} in the attempt's folder, from which the orchestrator makes the
 * manifest. Only files of tries that succeeded are in it.
 */
public final class WriteIndex extends PTransform<PCollection<Part>, PCollection<Void>> {
  private static final long serialVersionUID = 1;
  private static final String FILE = "index.json";

  private final String directory;

  /** Index of the attempt in {@code directory}. */
  public WriteIndex(String directory) {
    this.directory = directory;
  }

  @Override
  public PCollection<Void> expand(PCollection<Part> parts) {
    return parts
        .apply("Gather", Combine.globally(new Gather()))
        .apply("Write", ParDo.of(new WriteFn(directory)))
        .setCoder(VoidCoder.of());
  }

  /** Reads the files that the attempt in {@code directory} wrote, in order. */
  public static List<Part> read(String directory) throws IOException {
    return Arrays.asList(Json.read(Paths.join(directory, FILE), Part[].class));
  }

  /** Collects references in the order of table and index, however they arrive. */
  static final class Gather extends Combine.CombineFn<Part, List<Part>, List<Part>> {
    private static final long serialVersionUID = 1;

    @Override
    public List<Part> createAccumulator() {
      return new ArrayList<>();
    }

    @Override
    public List<Part> addInput(List<Part> accumulator, Part input) {
      accumulator.add(input);
      return accumulator;
    }

    @Override
    public List<Part> mergeAccumulators(Iterable<List<Part>> accumulators) {
      List<Part> all = new ArrayList<>();
      accumulators.forEach(all::addAll);
      return all;
    }

    @Override
    public List<Part> extractOutput(List<Part> accumulator) {
      List<Part> sorted = new ArrayList<>(accumulator);
      Collections.sort(sorted);
      return sorted;
    }

    @Override
    public Coder<List<Part>> getAccumulatorCoder(CoderRegistry registry, Coder<Part> inputCoder) {
      return ListCoder.of(new JavaCoder<Part>());
    }

    @Override
    public Coder<List<Part>> getDefaultOutputCoder(CoderRegistry registry, Coder<Part> inputCoder) {
      return ListCoder.of(new JavaCoder<Part>());
    }
  }

  private static final class WriteFn extends DoFn<List<Part>, Void> {
    private static final long serialVersionUID = 1;

    private final String directory;

    WriteFn(String directory) {
      this.directory = directory;
    }

    @ProcessElement
    public void process(@Element List<Part> parts) throws IOException {
      Json.write(Paths.join(directory, FILE), parts);
    }
  }
}
