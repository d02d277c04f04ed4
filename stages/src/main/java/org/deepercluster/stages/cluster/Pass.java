package org.deepercluster.stages.cluster;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.List;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.cluster.BlockFiles.BlockFile;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Part;

/**
 * One pass over the blocks of a large collection, a unit per block. What a block adds to a sum
 * leaves as a file; whatever all blocks need (centroids, the whitening) comes as one.
 */
final class Pass extends StageTransform<BlockFile> {
  private static final long serialVersionUID = 1;

  private final Step step;

  Pass(List<BlockFile> blocks, Step step, String directory) {
    super(blocks, directory);
    this.step = step;
  }

  @Override
  protected UnitWork<BlockFile> work() {
    return new Work(step);
  }

  /** What a pass does with a block. */
  interface Step extends Serializable {
    List<Part> apply(BlockFile block, Output output) throws Exception;
  }

  private record Work(Step step) implements UnitWork<BlockFile> {
    @Override
    public List<Part> process(Unit<BlockFile> unit, Output output) throws Exception {
      NativeRuntime.setThreads(1);
      return step.apply(unit.value(), output);
    }
  }

  /** Writes an intermediate result of a block. */
  static Part save(Output output, String table, BlockFile block, Serializable value)
      throws IOException {
    return output.writeFile(table, block.part().index(), "ser", out -> write(out, value));
  }

  /** Writes what all blocks of a pass need. */
  static void write(java.io.OutputStream out, Serializable value) throws IOException {
    ObjectOutputStream o = new ObjectOutputStream(out);
    o.writeObject(value);
    o.flush();
  }

  /** Reads what {@link #save} or {@link #write} wrote. */
  static <T> T load(String path, Class<T> type) throws IOException {
    try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(Files.read(path)))) {
      return type.cast(in.readObject());
    } catch (ClassNotFoundException e) {
      throw new IOException(path + ": written by another version of this program", e);
    }
  }
}
