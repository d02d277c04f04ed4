package org.deepercluster.storage;

import java.util.List;
import org.apache.beam.sdk.io.FileSystem;
import org.apache.beam.sdk.io.FileSystemRegistrar;
import org.apache.beam.sdk.options.PipelineOptions;

/**
 * Makes {@code s3://} and {@code hdfs://} known to Beam. Nothing is taken from the pipeline's
 * options, which travel with the job: each process has its own environment.
 */
public final class StorageRegistrar implements FileSystemRegistrar {
  // Registered again for every pipeline; the connections are kept.
  private static final List<FileSystem<?>> STORES =
      List.of(new S3FileSystem(System.getenv()), new HdfsFileSystem(System.getenv()));

  @Override
  public Iterable<FileSystem<?>> fromOptions(PipelineOptions options) {
    return STORES;
  }
}
