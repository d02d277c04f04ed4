package org.deepercluster.stages.table;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What one stage instance put out. The manifest is written last, by the orchestrator; it is the
 * commit: readers see only the files that it lists.
 *
 * @param format version of this file's form
 * @param stage name of the stage, such as {@code cluster}
 * @param instance name of the instance, such as {@code cluster-e003}
 * @param attempt folder of the attempt that succeeded, relative to the manifest
 * @param inputs digest of every input, by name
 * @param config the stage's configuration, by key
 * @param code version and commit of the program
 * @param created time of the commit, ISO-8601 UTC
 * @param wallSeconds how long the attempt took
 * @param digest digest of the content: of every table's files in order, whatever their names are
 * @param parts files of all tables, paths relative to the manifest; without those of tables that
 *     were deleted since, because no later stage reads them
 * @param numbers counts and metrics of the stage, by name
 */
public record Manifest(
    @JsonProperty("format") int format,
    @JsonProperty("stage") String stage,
    @JsonProperty("instance") String instance,
    @JsonProperty("attempt") String attempt,
    @JsonProperty("inputs") SortedMap<String, String> inputs,
    @JsonProperty("config") SortedMap<String, String> config,
    @JsonProperty("code") String code,
    @JsonProperty("created") String created,
    @JsonProperty("wallSeconds") double wallSeconds,
    @JsonProperty("digest") String digest,
    @JsonProperty("parts") List<Part> parts,
    @JsonProperty("numbers") SortedMap<String, Double> numbers) {

  /** Version of the form that this program writes. */
  public static final int FORMAT = 1;

  /** Name of the file in the stage instance's folder. */
  public static final String FILE = "manifest.json";

  public Manifest {
    parts = parts == null ? List.of() : parts.stream().sorted().toList();
  }

  /**
   * Reads the manifest in a stage instance's folder; the parts' paths come back absolute.
   *
   * @throws IOException when it is absent, unreadable or of another format version
   */
  public static Manifest read(String directory) throws IOException {
    String path = Paths.join(directory, FILE);
    Manifest m = Json.read(path, Manifest.class);
    if (m.format != FORMAT) {
      throw new IOException(
          path + ": format " + m.format + "; this program reads format " + FORMAT);
    }
    if (m.instance == null || m.inputs == null || m.config == null || m.digest == null) {
      throw new IOException(path + ": not a whole manifest");
    }
    return m.withParts(
        m.parts.stream()
            .map(
                p ->
                    new Part(
                        p.table(),
                        p.index(),
                        Paths.join(directory, p.path()),
                        p.rows(),
                        p.bytes(),
                        p.sha256()))
            .toList());
  }

  /** Commits: writes the manifest into the stage instance's folder, the parts' paths relative. */
  public void write(String directory) throws IOException {
    String prefix = Paths.join(directory, "");
    Json.write(
        Paths.join(directory, FILE),
        withParts(
            parts.stream()
                .map(
                    p -> {
                      if (!p.path().startsWith(prefix)) {
                        throw new IllegalArgumentException(
                            "part " + p.path() + " is not below " + prefix);
                      }
                      return new Part(
                          p.table(),
                          p.index(),
                          p.path().substring(prefix.length()),
                          p.rows(),
                          p.bytes(),
                          p.sha256());
                    })
                .toList()));
  }

  /** Files of one table, in order. */
  public List<Part> table(String name) {
    return Part.of(parts, name);
  }

  /** Row count by table. */
  @JsonIgnore
  public SortedMap<String, Long> rows() {
    TreeMap<String, Long> rows = new TreeMap<>();
    for (Part p : parts) {
      rows.merge(p.table(), p.rows(), Long::sum);
    }
    return rows;
  }

  /** Digest of files' content, in order of table and index, whatever their names are. */
  public static String digestOf(List<Part> parts) {
    StringBuilder b = new StringBuilder();
    for (Part p : parts.stream().sorted().toList()) {
      b.append(p.table()).append(' ').append(p.index()).append(' ').append(p.sha256()).append('\n');
    }
    return Digests.of(b.toString());
  }

  /** The same without the files of some tables; the digest stays. */
  public Manifest without(Set<String> tables) {
    return withParts(parts.stream().filter(p -> !tables.contains(p.table())).toList());
  }

  private Manifest withParts(List<Part> other) {
    return new Manifest(
        format,
        stage,
        instance,
        attempt,
        inputs,
        config,
        code,
        created,
        wallSeconds,
        digest,
        other,
        numbers);
  }
}
