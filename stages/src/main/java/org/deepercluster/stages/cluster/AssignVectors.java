package org.deepercluster.stages.cluster;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.deepercluster.natives.NativeRuntime;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.features.EmbedImages;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Manifest;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableSchema;

/**
 * Feature vectors of any images → their clusters in a clustering that a run has stored. An image of
 * the run gets the cluster and the distance that it has there. Table: {@link
 * ClusterTables#ASSIGNED}.
 */
public final class AssignVectors extends StageTransform<Part> {
  private static final long serialVersionUID = 1;

  private final String clustering;
  private final String checkpoint;

  /**
   * The transform.
   *
   * @param clustering URI of the folder of the stage instance that left the clustering
   * @param checkpoint URI of the training state that it was made with
   * @param vectors files of the table {@link EmbedImages#VECTORS}: f_θ(x) by that training state
   * @param directory URI of the folder to write to
   */
  public AssignVectors(String clustering, String checkpoint, List<Part> vectors, String directory) {
    super(vectors, directory);
    this.clustering = clustering;
    this.checkpoint = checkpoint;
  }

  /**
   * Fails where a clustering's tables are not there or do not fit a network.
   *
   * @param clustering its manifest
   * @param checkpoint URI of the training state that it was made with
   * @param d length of the network's features
   * @throws IOException with what is wrong
   */
  public static void check(Manifest clustering, String checkpoint, int d) throws IOException {
    NativeRuntime.setThreads(1);
    StoredClustering.read(clustering, checkpoint, d).close();
  }

  @Override
  protected UnitWork<Part> work() {
    return new Work(clustering, checkpoint);
  }

  private static final class Work implements UnitWork<Part> {
    private static final long serialVersionUID = 1;

    private final String folder;
    private final String checkpoint;
    private transient TableSchema schema;
    private transient Manifest manifest;
    private transient StoredClustering clustering;

    Work(String folder, String checkpoint) {
      this.folder = folder;
      this.checkpoint = checkpoint;
    }

    @Override
    public void open() throws Exception {
      NativeRuntime.setThreads(1);
      manifest = Manifest.read(folder);
      schema = StoredClustering.schema(manifest);
    }

    @Override
    public List<Part> process(Unit<Part> unit, Output output) throws Exception {
      Columns v = TableReader.read(unit.value().path(), EmbedImages.VECTORS);
      if (clustering == null) {
        clustering = StoredClustering.read(manifest, checkpoint, v.dimension("vector"));
      }
      Columns.Builder out = Columns.of(schema, v.rows());
      out.set("image_id", v.strings("image_id")).set("uri", v.strings("uri"));
      clustering.assign(v.vectors("vector"), v.rows(), out);
      output.progress(1, 1, Map.of());
      return List.of(output.write(unit.value().index(), out.build()));
    }

    @Override
    public void close() {
      if (clustering != null) {
        clustering.close();
      }
    }
  }
}
