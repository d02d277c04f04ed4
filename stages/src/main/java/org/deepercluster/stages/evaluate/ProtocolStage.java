package org.deepercluster.stages.evaluate;

import java.util.List;
import java.util.SortedMap;
import java.util.function.ToLongFunction;
import org.deepercluster.stages.beam.Stage;
import org.deepercluster.stages.beam.StageContext;
import org.deepercluster.stages.beam.StageException;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.beam.Work;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.config.Settings;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.table.TableWriter;

/**
 * A protocol of the evaluation on the networks that the plan gives it. Table: {@link
 * EvaluateTables#RESULTS}.
 *
 * <p>Inputs: {@code train} and {@code test}, labelled images; {@code trained} and {@code
 * untrained}, or one of them, stages that left a checkpoint.
 *
 * @param protocol name and settings
 * @param model architecture
 * @param seed the experiment's seed
 */
public record ProtocolStage(Protocols.Named protocol, ModelConfig model, long seed)
    implements Stage {

  @Override
  public String name() {
    return "evaluate";
  }

  @Override
  public SortedMap<String, String> settings() {
    SortedMap<String, String> s = Settings.of((Record) protocol.settings());
    Schema.values((Record) protocol.settings()).keySet().stream()
        .filter(setting -> !setting.key().affectsResult())
        .forEach(setting -> s.remove(setting.path()));
    s.put("protocol", protocol.name());
    s.put("type", Protocol.type(protocol.settings()));
    s.put("seed", String.valueOf(seed));
    return s;
  }

  @Override
  public List<String> outputs() {
    return List.of(EvaluateTables.RESULTS.name());
  }

  @Override
  public Work work(ToLongFunction<String> images) {
    Work ofOne =
        protocol
            .settings()
            .work(images.applyAsLong("train"), images.applyAsLong("test"), model.operations());
    boolean both = images.applyAsLong("trained") >= 0 && images.applyAsLong("untrained") >= 0;
    return both ? ofOne.plus(ofOne) : ofOne;
  }

  @Override
  public StageResult run(StageContext context) throws Exception {
    Evaluation evaluation =
        new Evaluation(
            context,
            protocol.name(),
            model,
            Evaluation.networks(context),
            Seeds.of(seed, "evaluate"));
    List<Measurement> rows;
    try {
      rows = Measurement.means(protocol.settings().measure(evaluation));
    } catch (IllegalArgumentException e) {
      throw new StageException(protocol.name() + ": " + e.getMessage());
    }
    return new StageResult(
        List.of(TableWriter.write(context.directory(), 0, Measurement.columns(rows))),
        Measurement.numbers(rows),
        evaluation.course());
  }
}
