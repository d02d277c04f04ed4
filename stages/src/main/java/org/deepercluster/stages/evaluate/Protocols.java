package org.deepercluster.stages.evaluate;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deepercluster.stages.config.Key;
import org.deepercluster.stages.config.NamedSections;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.ingest.DataConfig;

/**
 * The protocols of an evaluation, in the order in which they run; names are unique.
 *
 * @param all at least one
 */
public record Protocols(List<Named> all) implements NamedSections, Serializable {
  public Protocols {
    all = new ArrayList<>(all);
  }

  /**
   * A protocol with its name and its images.
   *
   * @param name of the results and of the stage instance, such as {@code voc07-svm}
   * @param data kind of protocol and images
   * @param settings the protocol's own
   */
  public record Named(String name, Source data, Protocol settings) implements Serializable {}

  /** What every protocol's section has beside the protocol's own settings. */
  public record Source(
      @Key(doc = "Kind of protocol: which settings there are.") String type,
      @Key(
              doc =
                  "Labelled images that classifiers are trained on. Left out: those of"
                      + " `evaluation.train`.",
              def = Key.NONE)
          DataConfig train,
      @Key(
              doc = "Labelled images to test on. Left out: those of `evaluation.test`.",
              def = Key.NONE)
          DataConfig test)
      implements Serializable {
    /** Checks the word. */
    public Source {
      Schema.check(Source.class, type, train, test);
      Schema.require(
          Protocol.TYPES.containsKey(type),
          "must be one of " + String.join(", ", Protocol.TYPES.keySet()) + ", got " + type,
          "type");
    }
  }

  /** The protocol of this name. */
  public Optional<Named> find(String name) {
    return all.stream().filter(p -> p.name().equals(name)).findFirst();
  }

  @Override
  public Map<String, List<Record>> sections() {
    Map<String, List<Record>> sections = new LinkedHashMap<>();
    for (Named p : all) {
      sections.put(p.name(), List.of(p.data(), (Record) p.settings()));
    }
    return sections;
  }
}
