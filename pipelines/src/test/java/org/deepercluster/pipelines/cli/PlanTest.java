package org.deepercluster.pipelines.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class PlanTest {
  private static final Path PUBLISHED = Path.of("../experiments/yfcc100m.yaml");
  private static final Path HARDWARE = Path.of("../experiments/hardware/epyc-2cores.yaml");

  @Test
  void theCommandPrintsItAndSaysWhatDoesNotFit() {
    Cli cli = Cli.run("plan", PUBLISHED, "--published", "--hardware", HARDWARE);
    assertThat(cli.code()).as(cli.err()).isZero();
    assertThat(cli.out())
        .contains("cluster-e000 … cluster-e099 (34)")
        .contains("if nothing overlaps")
        .contains("train does not fit: a worker has 24.0 GiB");
  }

  @Test
  void anUnknownCollectionIsRefused() {
    Cli cli = Cli.run("plan", PUBLISHED, "--assume", "dta=1");
    assertThat(cli.code()).isEqualTo(2);
    assertThat(cli.err()).contains("--assume must be SECTION=IMAGES with a section of data, ");
  }
}
