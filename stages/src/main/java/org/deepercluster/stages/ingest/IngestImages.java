package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deepercluster.stages.beam.Output;
import org.deepercluster.stages.beam.StageTransform;
import org.deepercluster.stages.beam.Unit;
import org.deepercluster.stages.beam.UnitWork;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableWriter;

/**
 * Reads a collection's units and writes, for each, a file of images, one of rejects where there are
 * any, one of labels where there are any, and one of hashes to find duplicates by.
 */
final class IngestImages extends StageTransform<SourceUnit> {
  private static final long serialVersionUID = 1;

  IngestImages(List<SourceUnit> units, String directory) {
    super(units, directory);
  }

  @Override
  public boolean keepsUnits() {
    return true;
  }

  @Override
  protected UnitWork<SourceUnit> work() {
    return new Work();
  }

  private static final class Work implements UnitWork<SourceUnit> {
    private static final long serialVersionUID = 1;
    private static final int BATCH_ROWS = 256;
    private static final long BATCH_BYTES = 8L << 20;

    @Override
    public List<Part> process(Unit<SourceUnit> unit, Output output) throws Exception {
      List<SourceImage> rejects = new ArrayList<>();
      List<IngestTables.ImageLabel> labels = new ArrayList<>();
      List<ImageHashes> hashes = new ArrayList<>();
      List<Part> parts = new ArrayList<>();
      long accepted = 0;
      long skipped;
      try (TableWriter images = output.open(IngestTables.IMAGES, unit.index());
          SourceImages source = unit.value().open()) {
        List<SourceImage> batch = new ArrayList<>();
        long bytes = 0;
        for (SourceImage image = source.next(); image != null; image = source.next()) {
          if (image.rejection() != null) {
            rejects.add(image);
            continue;
          }
          accepted++;
          batch.add(image);
          hashes.add(ImageHashes.of(image));
          bytes += image.image().bytes().length;
          for (Label label : image.labels()) {
            labels.add(new IngestTables.ImageLabel(image.id(), label));
          }
          if (batch.size() == BATCH_ROWS || bytes >= BATCH_BYTES) {
            append(images, batch);
            bytes = 0;
            output.progress(accepted + rejects.size(), unit.value().size(), Map.of());
          }
        }
        append(images, batch);
        skipped = source.skipped();
        if (accepted > 0) {
          parts.add(images.finish());
          parts.add(output.write(unit.index(), ImageHashes.columns(hashes)));
        }
      }
      if (!rejects.isEmpty()) {
        parts.add(output.write(unit.index(), IngestTables.rejects(rejects)));
      }
      if (!labels.isEmpty()) {
        parts.add(output.write(unit.index(), IngestTables.labels(labels)));
      }
      parts.add(
          output.write(
              unit.index(),
              Columns.of(IngestTables.UNITS, 1)
                  .set("candidates", new long[] {accepted + rejects.size()})
                  .set("skipped", new long[] {skipped})
                  .build()));
      return parts;
    }

    private static void append(TableWriter out, List<SourceImage> batch) throws IOException {
      out.append(
          Columns.of(IngestTables.IMAGES, batch.size())
              .set("image_id", IngestTables.strings(batch, SourceImage::id))
              .set("uri", IngestTables.strings(batch, SourceImage::uri))
              .set("width", batch.stream().mapToInt(i -> i.image().width()).toArray())
              .set("height", batch.stream().mapToInt(i -> i.image().height()).toArray())
              .set("channels", batch.stream().mapToInt(i -> i.image().channels()).toArray())
              .set("encoding", IngestTables.strings(batch, i -> i.image().encoding()))
              .set("bytes", batch.stream().map(i -> i.image().bytes()).toArray(byte[][]::new))
              .build());
      batch.clear();
    }
  }
}
