package org.deepercluster.stages.train;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.deepercluster.stages.model.ModelFile;
import org.deepercluster.stages.model.Safetensors;
import org.deepercluster.stages.model.Tensor;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.targets.Targets;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The whole state of training between two steps: going on from it equals not having stopped, bit
 * for bit. It travels as a safetensors file.
 *
 * <p>Tensors, by the beginning of their names: {@code trunk.} parameters and batch-norm running
 * statistics of θ; {@code heads.} V and the W_s; {@code momentum.trunk} the momentum of θ, flat, in
 * the trunk's own order; {@code momentum.heads.} the momentum of the heads.
 *
 * @param targets what the heads tell
 * @param tensors by name; not to be changed
 * @param step optimiser steps so far
 * @param samples images of each super-class since the last averaging, [S]; not to be changed
 */
@SuppressWarnings("ArrayRecordComponent") // equality is by content, below
public record Checkpoint(Targets targets, Map<String, Tensor> tensors, long step, long[] samples) {
  static final String TRUNK = ModelFile.TRUNK_PREFIX;
  static final String HEADS = ModelFile.HEADS_PREFIX;
  static final String TRUNK_MOMENTUM = "momentum.trunk";
  static final String HEADS_MOMENTUM = "momentum.heads.";

  private static final String FORMAT = "deepercluster-training-state-1";

  /** Checks that there is one count of samples per super-class. */
  public Checkpoint {
    tensors = Collections.unmodifiableMap(tensors);
    if (samples.length != targets.superClasses()) {
      throw new IllegalArgumentException(
          "counts of "
              + samples.length
              + " super-classes where there are "
              + targets.superClasses());
    }
    if (step < 0) {
      throw new IllegalArgumentException("step must be at least 0, got " + step);
    }
  }

  /** The state of {@code trainer}, copied. */
  public static Checkpoint of(Trainer trainer) {
    return trainer.checkpoint();
  }

  /**
   * Puts {@code trainer} into this state.
   *
   * @throws IllegalArgumentException when its targets, trunk or heads are others
   */
  public void restore(Trainer trainer) {
    trainer.restore(this);
  }

  /** Images since the last averaging. */
  public long images() {
    return Arrays.stream(samples).sum();
  }

  /** The trunk's tensors, by their own names: what {@code Trunk.load} takes. */
  public Map<String, Tensor> trunk() {
    return part(TRUNK);
  }

  /** Tensors whose names begin with {@code prefix}, without it. */
  Map<String, Tensor> part(String prefix) {
    LinkedHashMap<String, Tensor> part = new LinkedHashMap<>();
    tensors.forEach(
        (name, tensor) -> {
          if (name.startsWith(prefix)) {
            part.put(name.substring(prefix.length()), tensor);
          }
        });
    return part;
  }

  /**
   * This state with heads started afresh, as a reassignment asks: every W_s, and V for m > 1, with
   * zero momentum. θ, its momentum and the step count are kept.
   *
   * @param seed of the new heads
   */
  public Checkpoint withFreshHeads(long seed) {
    Tensor weight = tensors.get(HEADS + (targets.hasV() ? "v.weight" : "w.0.weight"));
    if (weight == null || weight.shape().length != 2) {
      throw new IllegalArgumentException("the training state has no heads for " + targets);
    }
    Heads heads = new Heads(targets, weight.shape()[1], seed);
    heads.load(part(HEADS));
    INDArray momentum = Nd4j.zeros(DataType.FLOAT, 1, heads.parameters().length());
    heads.load(part(HEADS_MOMENTUM), momentum);
    heads.reset(seed, momentum);
    LinkedHashMap<String, Tensor> fresh = new LinkedHashMap<>(tensors);
    heads.tensors().forEach((name, tensor) -> fresh.put(HEADS + name, tensor));
    heads.tensors(momentum).forEach((name, tensor) -> fresh.put(HEADS_MOMENTUM + name, tensor));
    return new Checkpoint(targets, fresh, step, samples);
  }

  /**
   * The super-class whose images alone the tensor is trained on, that of a W_s; -1 for every other
   * tensor.
   */
  int superClassOf(String name) {
    if (targets.sharesW()) {
      return -1;
    }
    String head =
        name.startsWith(HEADS_MOMENTUM)
            ? name.substring(HEADS_MOMENTUM.length())
            : name.startsWith(HEADS) ? name.substring(HEADS.length()) : "";
    if (!head.startsWith("w.")) {
      return -1;
    }
    return Integer.parseInt(head.substring(2, head.indexOf('.', 2)));
  }

  /** Writes a safetensors file. Does not close {@code out}. */
  public void write(OutputStream out) throws IOException {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", FORMAT);
    metadata.putAll(targets.settings());
    metadata.put("step", String.valueOf(step));
    StringBuilder counts = new StringBuilder();
    for (long count : samples) {
      counts.append(counts.length() == 0 ? "" : " ").append(count);
    }
    metadata.put("samples", counts.toString());
    Safetensors.write(out, new LinkedHashMap<>(tensors), metadata);
  }

  /** Reads a file on any Beam file system. */
  static Checkpoint load(String path) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.open(path), 1 << 20)) {
      return read(in);
    } catch (IOException e) {
      throw new IOException(path + ": " + e.getMessage(), e);
    }
  }

  /**
   * Reads a file that {@link #write} made. Does not close {@code in}.
   *
   * @throws IOException when the file is damaged or holds something else
   */
  public static Checkpoint read(InputStream in) throws IOException {
    Safetensors.Contents contents = Safetensors.readAll(in);
    Map<String, String> metadata = contents.metadata();
    if (!FORMAT.equals(metadata.get("format"))) {
      throw new IOException(
          "not a training state: format is " + metadata.get("format") + ", not " + FORMAT);
    }
    try {
      Targets targets = Targets.of(metadata);
      String[] counts = metadata.getOrDefault("samples", "").split(" ");
      return new Checkpoint(
          targets,
          contents.tensors(),
          Long.parseLong(metadata.get("step")),
          Arrays.stream(counts).mapToLong(Long::parseLong).toArray());
    } catch (IllegalArgumentException e) {
      throw new IOException("damaged training state: " + e.getMessage(), e);
    }
  }

  /** Same targets, counts, and bits of every tensor. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Checkpoint c
        && targets.equals(c.targets)
        && tensors.equals(c.tensors)
        && step == c.step
        && Arrays.equals(samples, c.samples);
  }

  @Override
  public int hashCode() {
    return 31 * tensors.hashCode() + Long.hashCode(step);
  }

  @Override
  public String toString() {
    return "Checkpoint[" + targets + ", step " + step + ", " + tensors.size() + " tensors]";
  }
}
