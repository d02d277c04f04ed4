package org.deepercluster.pipelines.run;

import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.options.PipelineOptionsFactory;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Store.CloseableResource;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** One embedded Flink with two slots for all tests that ask for {@link FlinkJobs}. */
final class SharedFlink implements BeforeAllCallback, ParameterResolver {
  private record Running(EmbeddedFlink flink, Path jar, FlinkJobs jobs)
      implements CloseableResource {
    static Running start() {
      try {
        Path jar = EmbeddedFlink.emptyJar(Files.createTempDirectory("shared-flink"));
        EmbeddedFlink flink = EmbeddedFlink.start(2, 1);
        return new Running(flink, jar, FlinkJobs.embedded(flink.master(), jar));
      } catch (java.io.IOException | InfrastructureException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void close() throws Exception {
      flink.close();
      Files.delete(jar);
      Files.delete(jar.getParent());
    }
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == FlinkJobs.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return context
        .getRoot()
        .getStore(ExtensionContext.Namespace.create(SharedFlink.class))
        .getOrComputeIfAbsent(Running.class, k -> Running.start(), Running.class)
        .jobs();
  }
}
