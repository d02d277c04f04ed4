package org.deepercluster.pipelines.run;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;

/** Which code this program was built from. */
public final class CodeVersion {
  private CodeVersion() {}

  /** Version and git commit, such as {@code 0.1.0-SNAPSHOT+1a2b3c4}. */
  public static String get() {
    return Loaded.VERSION;
  }

  private static final class Loaded {
    static final String VERSION = load();

    private static String load() {
      Properties p = new Properties();
      try (InputStream in = CodeVersion.class.getResourceAsStream("/deepercluster-version.properties")) {
        if (in != null) {
          p.load(in);
        }
      } catch (IOException e) {
        return "unknown";
      }
      String commit = System.getenv().getOrDefault("DEEPERCLUSTER_COMMIT", "");
      String version = p.getProperty("version", "unknown");
      return commit.isEmpty() ? version : version + "+" + commit;
    }
  }
}
