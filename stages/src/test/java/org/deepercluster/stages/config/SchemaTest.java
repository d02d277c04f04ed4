package org.deepercluster.stages.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.deepercluster.stages.augment.AugmentConfig;
import org.deepercluster.stages.cluster.ClusterConfig;
import org.deepercluster.stages.cluster.OnCollapse;
import org.deepercluster.stages.evaluate.EvaluateConfig;
import org.deepercluster.stages.ingest.DataConfig;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.train.TrainConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SchemaTest {
  record Inner(@Key(doc = "A.", def = "2", min = 0, max = 1, aboveMin = true) double share) {
    Inner {
      Schema.check(Inner.class, share);
    }
  }

  record Outer(
      @Key(doc = "B.", symbol = "n", min = 1, max = 10) int count,
      @Key(
              doc = "C.",
              def = "a",
              oneOf = {"a", "b"})
          String word,
      @Key(doc = "D.", def = Key.NONE, min = 3) Long most,
      @Key(doc = "E.", def = "true") boolean flag,
      @Key(doc = "F.", def = "{}") Good good) {
    Outer {
      Schema.check(Outer.class, count, word, most, flag, good);
    }
  }

  record Good(@Key(doc = "G.", def = "1e-5") double small) {}

  record Undeclared(int count) {}

  @Test
  void listsSettingsWithTheirPathsTypesAndRanges() {
    List<Setting> settings = Schema.of(Outer.class).settings();
    assertThat(settings)
        .extracting(Setting::path)
        .containsExactly("count", "word", "most", "flag", "good.small");
    assertThat(settings)
        .extracting(Setting::type)
        .containsExactly(
            Setting.Type.INTEGER,
            Setting.Type.TEXT,
            Setting.Type.INTEGER,
            Setting.Type.BOOLEAN,
            Setting.Type.NUMBER);
    assertThat(settings)
        .extracting(Setting::range)
        .containsExactly("from 1 to 10", "", "at least 3", "", "");
    assertThat(settings.get(0).required()).isTrue();
    assertThat(settings.get(0).key().symbol()).isEqualTo("n");
    assertThat(settings.get(1).words()).containsExactly("a", "b");
    assertThat(settings.get(2).optional()).isTrue();
  }

  @Test
  void fillsInDefaults() {
    assertThat(Schema.of(Good.class).defaults()).isEqualTo(new Good(1e-5));
    assertThat(Schema.of(Outer.class).components().get(4).defaultValue()).isEqualTo(new Good(1e-5));
    assertThatThrownBy(() -> Schema.of(Outer.class).defaults())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("count has no default: it must be given");
  }

  @Test
  void refusesADefaultThatIsOutOfRangeAndAComponentWithoutDeclaration() {
    assertThatThrownBy(() -> Schema.of(Inner.class).defaults())
        .hasMessage("the default of share must be a number above 0 and at most 1, got 2");
    assertThatThrownBy(() -> Schema.of(Undeclared.class)).hasMessageEndingWith("lacks its @Key");
  }

  @Test
  void aConstructorNamesEveryFieldAtFaultItsRangeAndTheValue() {
    assertThatThrownBy(() -> new Outer(11, "c", 2L, true, null))
        .isInstanceOf(InvalidSettingsException.class)
        .hasMessage(
            """
            count must be a whole number from 1 to 10, got 11
            word must be one of a, b, got c
            most must be a whole number at least 3, got 2
            good is missing: it must be a section""");
    assertThat(new Outer(1, "b", null, false, new Good(0)).most()).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "0,false",
    "4.9E-324,true",
    "1,true",
    "1.0000000000000002,false",
    "NaN,false",
    "Infinity,false",
    "-0.0,false"
  })
  void boundsAreExact(double value, boolean allowed) {
    Setting share = Schema.of(Inner.class).components().get(0);
    assertThat(share.problem(value).isEmpty()).isEqualTo(allowed);
  }

  @Test
  void checkWantsAllComponents() {
    assertThatThrownBy(() -> Schema.check(Good.class, 1.0, 2.0))
        .hasMessageEndingWith("has 1 components, got 2");
  }

  @ParameterizedTest
  @CsvSource({"0.00001,0.00001", "0.05,0.05", "1,1", "1e-30,1.0E-30", "1e30,1.0E30", "0.1,0.1"})
  void writesNumbersSoThatTheyReadBackToTheSameBits(double value, String text) {
    assertThat(Setting.text(value)).isEqualTo(text);
    assertThat(Double.parseDouble(text)).isEqualTo(value);
    assertThat(Schema.of(Good.class).components().get(0).parse(text)).isEqualTo(value);
  }

  @Test
  void theStagesConfigurationsCheckThemselves() {
    assertThatThrownBy(
            () ->
                new ClusterConfig(
                    null,
                    3,
                    10,
                    1,
                    1,
                    null,
                    1,
                    null,
                    null,
                    null,
                    null,
                    null,
                    0.5,
                    OnCollapse.WARN,
                    1))
        .hasMessage("k must be a multiple of m = 3, got 10");
    assertThatThrownBy(
            () ->
                new ClusterConfig(
                    null,
                    0,
                    10,
                    1,
                    0,
                    1L,
                    1,
                    null,
                    null,
                    null,
                    null,
                    null,
                    0.5,
                    OnCollapse.WARN,
                    1))
        .hasMessageContainingAll(
            "m must be a whole number from 1 to 10000, got 0",
            "pcaDim must be a whole number from 1 to 65536, got 0",
            "pcaSample must be a whole number at least 2, got 1");
    assertThatThrownBy(() -> new AugmentConfig(0.6, 0.5, 1, true))
        .hasMessage("cropScaleMax must be at least cropScaleMin = 0.6, got 0.5");
    assertThatThrownBy(() -> new TrainConfig(1, 10, 0.1, "cosine", 0.9, 0, 4, 1))
        .hasMessage("batchSize must be a multiple of workers = 4, got 10");
    assertThatThrownBy(() -> new ModelConfig("vgg", 28, "rgb", 16, 0.5))
        .hasMessage("trunk must be one of vgg16, vgg-small, got vgg");
    assertThatThrownBy(() -> new DataConfig("images", "a", "b", null, 0, 1))
        .hasMessageStartingWith("labels must be `folders`");
    DataConfig unlabelled = new DataConfig("idx", "a", null, null, 0, 1);
    assertThatThrownBy(() -> new EvaluateConfig(unlabelled, unlabelled, null, null, null, null))
        .hasMessage(
            "train.labels is missing: the classifiers need labelled images; set it to the IDX"
                + " file of labels\n"
                + "test.labels is missing: the classifiers need labelled images; set it to the IDX"
                + " file of labels");
  }

  @Test
  void theTrunksOutputHasThePublishedLength() {
    assertThat(((ModelConfig) Schema.of(ModelConfig.class).defaults()).featureDim())
        .isEqualTo(4096);
    assertThat(new ModelConfig("vgg-small", 28, "gray", 16, 0.5).featureDim()).isEqualTo(128);
  }
}
