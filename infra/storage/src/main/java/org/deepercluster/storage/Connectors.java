package org.deepercluster.storage;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.beam.sdk.io.FileSystems;

/** Which kinds of addresses Beam can read and write in this process. */
public final class Connectors {
  private static final Pattern SCHEME = Pattern.compile("([a-zA-Z][-a-zA-Z0-9+.]*):/.*");

  private static final Map<String, String> WANTED =
      Map.of(
          "gs", "beam-sdks-java-extensions-google-cloud-platform-core",
          "azfs", "beam-sdks-java-io-azure");

  private Connectors() {}

  /**
   * Checks that a path can be used.
   *
   * @throws StorageException naming the jar that is missing, when no connector knows its scheme
   */
  public static void require(String path) throws StorageException {
    Matcher m = SCHEME.matcher(path);
    if (!m.matches()) {
      return;
    }
    try {
      var unused = FileSystems.matchNewResource(path, false);
    } catch (IllegalArgumentException e) {
      throw new StorageException(path + ": " + advice(m.group(1)), e);
    }
  }

  private static String advice(String scheme) {
    String jar = WANTED.get(scheme);
    if (jar != null) {
      return "there is no connector for "
          + scheme
          + "://; put "
          + jar
          + " in Beam's version, with what it needs, into pipelines/target/lib and the lib folder of"
          + " Flink's machines"
          + (scheme.equals("gs") ? " (mvn -Pgcs clean package does the former)" : "");
    }
    if (scheme.matches("s3[an]")) {
      return "write s3:// instead of " + scheme + "://";
    }
    return "there is no connector for "
        + scheme
        + "://; a path on disk, s3:// and hdfs:// are known here, and what jars in"
        + " pipelines/target/lib add";
  }
}
