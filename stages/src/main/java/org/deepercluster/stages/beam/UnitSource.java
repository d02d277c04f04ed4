package org.deepercluster.stages.beam;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.beam.sdk.coders.Coder;
import org.apache.beam.sdk.io.BoundedSource;
import org.apache.beam.sdk.options.PipelineOptions;

/**
 * Units of work, one source split each: a runner hands them to whichever worker is free, and no two
 * units are fused into one split. Beam gives no placement; a split per unit is how a share of work
 * reaches a worker of its own.
 */
final class UnitSource<U extends Serializable> extends BoundedSource<Unit<U>> {
  private final List<Unit<U>> units;

  UnitSource(List<Unit<U>> units) {
    this.units = new ArrayList<>(units);
  }

  @Override
  public List<UnitSource<U>> split(long desiredBundleSizeBytes, PipelineOptions options) {
    List<UnitSource<U>> splits = new ArrayList<>();
    for (Unit<U> u : units) {
      splits.add(new UnitSource<>(List.of(u)));
    }
    return splits;
  }

  @Override
  public long getEstimatedSizeBytes(PipelineOptions options) {
    return units.size();
  }

  @Override
  @SuppressWarnings({"unchecked", "rawtypes"})
  public Coder<Unit<U>> getOutputCoder() {
    return (Coder) new JavaCoder<>();
  }

  @Override
  public BoundedReader<Unit<U>> createReader(PipelineOptions options) {
    return new Reader<>(this);
  }

  private static final class Reader<U extends Serializable> extends BoundedReader<Unit<U>> {
    private final UnitSource<U> source;
    private int at = -1;

    Reader(UnitSource<U> source) {
      this.source = source;
    }

    @Override
    public boolean start() {
      return advance();
    }

    @Override
    public boolean advance() {
      at++;
      return at < source.units.size();
    }

    @Override
    public Unit<U> getCurrent() {
      return source.units.get(at);
    }

    @Override
    public void close() {}

    @Override
    public BoundedSource<Unit<U>> getCurrentSource() {
      return source;
    }
  }
}
