package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableReader;
import org.deepercluster.stages.table.TableWriter;

/** Writes files of images, and of their labels, again without the duplicates in them. */
final class DropDuplicates extends StageTransform<DropDuplicates.Block> {
  private static final long serialVersionUID = 1;

  /**
   * Files of one index.
   *
   * @param duplicates which images to leave out
   * @param tables the files of images and of labels
   */
  record Block(Part duplicates, ArrayList<Part> tables) implements Serializable {}

  DropDuplicates(List<Block> blocks, String directory) {
    super(blocks, directory);
  }

  @Override
  protected UnitWork<Block> work() {
    return new Work();
  }

  private static final class Work implements UnitWork<Block> {
    private static final long serialVersionUID = 1;

    @Override
    public List<Part> process(Unit<Block> unit, Output output) throws Exception {
      Set<String> drop =
          new HashSet<>(
              List.of(
                  TableReader.read(unit.value().duplicates().path(), IngestTables.DUPLICATES)
                      .strings("image_id")));
      List<Part> kept = new ArrayList<>();
      for (Part table : unit.value().tables()) {
        boolean images = table.table().equals(IngestTables.IMAGES.name());
        var schema = images ? IngestTables.IMAGES : IngestTables.LABELS;
        try (TableReader in = TableReader.open(table.path(), schema);
            TableWriter out = output.open(schema, table.index())) {
          long rows = 0;
          for (int g = 0; g < in.rowGroups(); g++) {
            Columns c = in.rowGroup(g);
            String[] ids = c.strings("image_id");
            int[] keep =
                IntStream.range(0, ids.length).filter(i -> !drop.contains(ids[i])).toArray();
            rows += keep.length;
            append(out, c, keep);
            output.progress(g + 1, in.rowGroups() + 1, Map.of());
          }
          if (rows > 0) {
            kept.add(out.finish());
          }
        }
      }
      return kept;
    }

    private static void append(TableWriter out, Columns c, int[] keep) throws IOException {
      if (keep.length > 0) {
        out.append(c.select(keep));
      }
    }
  }
}
