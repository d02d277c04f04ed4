package org.deepercluster.pipelines.experiment;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.deepercluster.stages.cluster.ClusterConfig;
import org.deepercluster.stages.config.InvalidSettingsException;
import org.deepercluster.stages.config.Schema;
import org.deepercluster.stages.config.Setting;
import org.deepercluster.stages.config.SettingFault;
import org.deepercluster.stages.evaluate.EvaluateConfig;
import org.deepercluster.stages.evaluate.Protocol;
import org.deepercluster.stages.evaluate.Protocols;
import org.deepercluster.stages.ingest.DataConfig;
import org.deepercluster.stages.model.ModelConfig;
import org.deepercluster.stages.train.TrainConfig;
import org.yaml.snakeyaml.error.Mark;

/**
 * Reads an experiment from YAML, strictly, and finds all faults at once.
 *
 * <p>Paths of data are relative to the YAML file (in an override: to the current folder) and become
 * absolute; {@code ~/} is the home folder. The number of threads is filled in from the machine, the
 * address of the MLflow server from {@code MLFLOW_TRACKING_URI} where the file gives none.
 */
public final class ExperimentReader {
  private static final String TRACKING_VARIABLE = "MLFLOW_TRACKING_URI";

  private static final int FOLDER = 0;
  private static final int ANYTHING = -1;

  private final String file;
  private final Path folder;
  private final Faults faults = new Faults();

  /** Where each setting and section was given, by dotted key. */
  private final Map<String, Location> places = new HashMap<>();

  /** Images in each collection whose file says so, by dotted key of the collection. */
  private final Map<String, Long> counts = new HashMap<>();

  private ExperimentReader(String file, Path folder) {
    this.file = file;
    this.folder = folder;
  }

  /**
   * Reads and checks an experiment.
   *
   * @param yaml the file
   * @param overrides {@code a.b=value} each, the later one wins; the value is YAML
   * @param env environment variables
   * @throws InvalidExperimentException with every fault found
   */
  public static Experiment read(Path yaml, List<String> overrides, Map<String, String> env) {
    return read(yaml, overrides, env, Runtime.getRuntime().availableProcessors());
  }

  /** As above, on a machine with so many cores. */
  static Experiment read(
      Path yaml, List<String> overrides, Map<String, String> env, int machineCores) {
    ExperimentReader reader =
        new ExperimentReader(yaml.toString(), yaml.toAbsolutePath().getParent());
    YamlNode.Section root = reader.parse(yaml, Schema.of(Experiment.class));
    if (root == null) {
      reader.faults.throwIfAny();
    }
    return reader.read(root, overrides, env, machineCores);
  }

  /**
   * Reads an experiment that no file describes: settings alone.
   *
   * @param settings {@code a.b=value} each, the later one wins; the value is YAML
   * @param env environment variables
   * @throws InvalidExperimentException with every fault found
   */
  public static Experiment read(List<String> settings, Map<String, String> env) {
    Location start = Location.outside("the command");
    return new ExperimentReader("the command", Path.of("").toAbsolutePath())
        .read(
            new YamlNode.Section(new LinkedHashMap<>(), start),
            settings,
            env,
            Runtime.getRuntime().availableProcessors());
  }

  /**
   * Reads one record that is no experiment, as strictly.
   *
   * @param yaml the file
   * @param type the record, of which every component has its key
   * @throws InvalidExperimentException with every fault found
   */
  public static <R extends Record> R readRecord(Path yaml, Class<R> type) {
    ExperimentReader reader =
        new ExperimentReader(yaml.toString(), yaml.toAbsolutePath().getParent());
    return type.cast(reader.record(yaml, Schema.of(type)));
  }

  private Record record(Path yaml, Schema schema) {
    YamlNode.Section root = parse(yaml, schema);
    faults.throwIfAny();
    Map<String, Object> values = new HashMap<>();
    build(schema.components(), root, "", root.location(), values);
    faults.throwIfAny();
    return schema.create(
        schema.components().stream().map(setting -> values.get(setting.path())).toArray());
  }

  private Experiment read(
      YamlNode.Section root, List<String> overrides, Map<String, String> env, int machineCores) {
    overrides.forEach(override -> apply(override, root));
    addTrackingVariable(root, env);

    Schema schema = Schema.of(Experiment.class);
    Map<String, Object> parts = new HashMap<>();
    build(schema.components(), root, "", root.location(), parts);
    contradictions(parts);
    faults.throwIfAny();

    TrainConfig train = (TrainConfig) parts.get("train");
    ExecutionConfig execution = (ExecutionConfig) parts.get("execution");
    if (execution.threads() == null) {
      int workers = train == null ? 1 : train.workers();
      parts.put("execution", execution.withThreads(Math.max(1, machineCores / workers)));
    }
    parts.put("output", home((String) parts.get("output")));
    if (parts.get("weights") != null) {
      parts.put("weights", resolve("weights", (String) parts.get("weights")));
    }
    return (Experiment)
        schema.create(
            schema.components().stream().map(setting -> parts.get(setting.path())).toArray());
  }

  private YamlNode.Section parse(Path yaml, Schema schema) {
    Location start = Location.inFile(file, 1, 1);
    String text;
    try {
      text =
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(ByteBuffer.wrap(Files.readAllBytes(yaml)))
              .toString();
    } catch (CharacterCodingException e) {
      faults.add(start, "is not UTF-8 text");
      return null;
    } catch (IOException e) {
      String cause =
          !Files.exists(yaml)
              ? "no such file"
              : Files.isDirectory(yaml) ? "is a folder, not a YAML file" : "cannot be read: " + e;
      faults.add(Location.outside(file), cause);
      return null;
    }
    YamlNode node = YamlParser.parse(text, start, mark -> Location.inFile(file, mark), faults);
    if (node instanceof YamlNode.Section section) {
      return section;
    }
    if (faults.isEmpty()) {
      faults.add(
          node == null ? start : node.location(),
          node == null
              ? "is empty; " + needs(schema)
              : "the file must be a list of `key: value` lines, got " + node.kind());
    }
    return null;
  }

  private static String needs(Schema schema) {
    return (schema.type() == Experiment.class ? "an experiment needs at least " : "needs ")
        + schema.components().stream()
            .filter(Setting::required)
            .map(Setting::path)
            .collect(Collectors.joining(", "));
  }

  /** Puts the value of one override into the tree. */
  private void apply(String override, YamlNode.Section root) {
    Location location = Location.outside("--set " + override);
    int equals = override.indexOf('=');
    String[] path = equals < 0 ? new String[0] : override.substring(0, equals).split("\\.", -1);
    if (path.length == 0 || List.of(path).stream().anyMatch(String::isBlank)) {
      faults.add(location, "must have the form key=value or section.key=value");
      return;
    }
    Function<Mark, Location> everywhere = mark -> location;
    int before = faults.count();
    YamlNode value = YamlParser.parse(override.substring(equals + 1), location, everywhere, faults);
    if (faults.count() > before) {
      return;
    }
    put(root, path, value == null ? new YamlNode.Scalar("", true, location) : value, location);
  }

  private static void put(YamlNode.Section root, String[] path, YamlNode value, Location location) {
    YamlNode.Section section = root;
    for (int i = 0; i < path.length - 1; i++) {
      YamlNode.Entry entry = section.entries().get(path[i]);
      if (entry == null || !(entry.value() instanceof YamlNode.Section)) {
        entry = new YamlNode.Entry(location, new YamlNode.Section(new LinkedHashMap<>(), location));
        section.entries().put(path[i], entry);
      }
      section = (YamlNode.Section) entry.value();
    }
    section.entries().put(path[path.length - 1], new YamlNode.Entry(location, value));
  }

  private static void addTrackingVariable(YamlNode.Section root, Map<String, String> env) {
    String uri = env.getOrDefault(TRACKING_VARIABLE, "");
    YamlNode.Entry tracking = root.entries().get("tracking");
    if (uri.isBlank() || (tracking != null && !(tracking.value() instanceof YamlNode.Section))) {
      return;
    }
    if (tracking != null && tracking.value() instanceof YamlNode.Section section) {
      YamlNode.Entry given = section.entries().get("uri");
      YamlNode.Entry mode = section.entries().get("mode");
      boolean givesUri =
          given != null && !(given.value() instanceof YamlNode.Scalar scalar && scalar.isNull());
      boolean journal =
          mode != null
              && mode.value() instanceof YamlNode.Scalar word
              && word.text().equals("journal");
      if (givesUri || journal) {
        return;
      }
    }
    Location location = Location.outside("environment variable " + TRACKING_VARIABLE);
    put(
        root,
        new String[] {"tracking", "uri"},
        new YamlNode.Scalar(uri, false, location),
        location);
  }

  /**
   * Reads the settings of one section.
   *
   * @param prefix dotted key of the section with a trailing dot, or empty
   * @param where place of the section's key
   * @param values receives the value of every setting that is not at fault, {@code null} included,
   *     by its dotted key
   */
  private void build(
      List<Setting> settings,
      YamlNode.Section section,
      String prefix,
      Location where,
      Map<String, Object> values) {
    List<String> known = settings.stream().map(Setting::name).toList();
    section
        .entries()
        .forEach(
            (key, entry) -> {
              if (!known.contains(key)) {
                faults.add(entry.keyLocation(), unknown(key, prefix, known));
              }
            });
    for (Setting setting : settings) {
      YamlNode.Entry entry = section.entries().get(setting.name());
      boolean absent =
          entry == null
              || (setting.optional()
                  && entry.value() instanceof YamlNode.Scalar scalar
                  && scalar.isNull());
      if (!absent) {
        places.put(
            setting.path(),
            entry.value() instanceof YamlNode.Section
                ? entry.keyLocation()
                : entry.value().location());
        value(setting, entry).ifPresent(value -> values.put(setting.path(), value));
      } else if (setting.required()) {
        faults.add(where, "missing required key `" + setting.path() + "`: " + missing(setting));
      } else {
        values.put(setting.path(), setting.defaultValue());
      }
    }
  }

  private static String missing(Setting setting) {
    if (setting.type() == Setting.Type.SECTION) {
      return "it is a section with at least "
          + setting.schema().components().stream()
              .filter(Setting::required)
              .map(Setting::name)
              .collect(Collectors.joining(", "));
    }
    return "it " + setting.mustBe();
  }

  private static String unknown(String key, String prefix, List<String> known) {
    String where = prefix.isEmpty() ? "" : " in `" + prefix.substring(0, prefix.length() - 1) + "`";
    String message = "unknown key `" + key + "`" + where;
    String elsewhere =
        Schema.of(Experiment.class).settings().stream()
            .map(Setting::path)
            .filter(path -> path.endsWith("." + key) || path.equals(key))
            .map(path -> "`" + path + "`")
            .collect(Collectors.joining(", "));
    if (!elsewhere.isEmpty()) {
      return message + "; the key of this name is " + elsewhere;
    }
    return NearestKey.of(key, known)
        .map(nearest -> message + "; did you mean `" + nearest + "`?")
        .orElseGet(() -> message + "; known keys: " + String.join(", ", known));
  }

  /** The value of a setting, or empty if it is at fault. */
  private Optional<Object> value(Setting setting, YamlNode.Entry entry) {
    YamlNode node = entry.value();
    if (setting.type() == Setting.Type.SECTIONS) {
      return protocols(setting, node);
    }
    if (setting.type() == Setting.Type.SECTION) {
      if (node instanceof YamlNode.Section section) {
        return section(setting, section, entry.keyLocation());
      }
      String got =
          node instanceof YamlNode.Scalar scalar && scalar.isEmpty() ? "nothing" : node.kind();
      faults.add(
          node.location(),
          setting.path() + " is a section: give its keys below it, indented; got " + got);
      return Optional.empty();
    }
    try {
      if (!(node instanceof YamlNode.Scalar scalar)) {
        throw new IllegalArgumentException(setting.mustBe() + ", got " + node.kind());
      }
      Object value = scalar(setting, scalar);
      Optional<String> problem = setting.problem(value);
      if (problem.isPresent()) {
        throw new IllegalArgumentException(problem.get());
      }
      return Optional.of(value);
    } catch (IllegalArgumentException e) {
      faults.add(node.location(), setting.path() + " " + e.getMessage());
      return Optional.empty();
    }
  }

  private static Object scalar(Setting setting, YamlNode.Scalar scalar) {
    if (scalar.isEmpty()) {
      throw new IllegalArgumentException("has no value: it " + setting.mustBe());
    }
    if (scalar.isNull()) {
      throw new IllegalArgumentException(setting.mustBe() + ", got " + scalar.text());
    }
    boolean text = setting.type() == Setting.Type.TEXT;
    if (!text && !scalar.plain()) {
      throw new IllegalArgumentException(
          setting.mustBe() + ", got " + scalar.kind() + ": remove the quotes");
    }
    if (text && scalar.plain() && setting.words().isEmpty() && Setting.looksTyped(scalar.text())) {
      throw new IllegalArgumentException(
          "must be text, got "
              + scalar.text()
              + ", which YAML takes for a number or a boolean: put it in quotes");
    }
    return setting.parse(scalar.text());
  }

  private Optional<Object> section(Setting setting, YamlNode.Section node, Location where) {
    int before = faults.count();
    Schema schema = setting.schema();
    Map<String, Object> values = new HashMap<>();
    String prefix = setting.path() + ".";
    build(schema.components(), node, prefix, where, values);
    if (schema.type() == DataConfig.class) {
      resolveData(prefix, values);
    }
    if (faults.count() > before) {
      contradictions(setting, schema, values);
      return Optional.empty();
    }
    try {
      return Optional.of(create(schema, values));
    } catch (InvalidSettingsException e) {
      e.faults().forEach(fault -> add(fault.under(setting.path())));
      return Optional.empty();
    }
  }

  /** The protocols of a list of names and sections, or of sections by name. */
  private Optional<Object> protocols(Setting setting, YamlNode node) {
    int before = faults.count();
    LinkedHashMap<String, YamlNode.Entry> byName = new LinkedHashMap<>();
    if (node instanceof YamlNode.Section section) {
      byName.putAll(section.entries());
    } else if (node instanceof YamlNode.Sequence list) {
      for (YamlNode item : list.items()) {
        String name = protocolName(item);
        if (name == null) {
          faults.add(
              item.location(),
              setting.path()
                  + " is a list of protocols: a name, or a section with the key `protocol` (and"
                  + " `name` for its results, if that is to be another); got "
                  + item.kind());
        } else if (byName.put(name, new YamlNode.Entry(item.location(), item)) != null) {
          faults.add(
              item.location(),
              setting.path() + " has two protocols called " + name + ": give one another `name`");
        }
      }
    } else {
      faults.add(node.location(), setting.path() + " " + setting.mustBe() + ", got " + node.kind());
    }
    if (byName.isEmpty() && faults.count() == before) {
      faults.add(node.location(), setting.path() + " is empty: name at least one protocol");
    }
    List<Protocols.Named> all = new ArrayList<>();
    byName.forEach(
        (name, entry) -> protocol(setting.path() + ".", name, entry).ifPresent(all::add));
    return faults.count() > before ? Optional.empty() : Optional.of(new Protocols(all));
  }

  /** Name of a list's item: its key {@code name}, or else its protocol; null without any. */
  private static String protocolName(YamlNode item) {
    if (item instanceof YamlNode.Section section) {
      return Stream.of("name", "protocol")
          .map(section.entries()::get)
          .filter(Objects::nonNull)
          .map(YamlNode.Entry::value)
          .filter(YamlNode.Scalar.class::isInstance)
          .map(value -> ((YamlNode.Scalar) value).text())
          .findFirst()
          .orElse(null);
    }
    return item instanceof YamlNode.Scalar scalar && !scalar.isEmpty() ? scalar.text() : null;
  }

  /**
   * A protocol: the file of its name in {@code experiments/evaluation}, with the section's keys in
   * the place of the file's.
   */
  private Optional<Protocols.Named> protocol(String prefix, String name, YamlNode.Entry entry) {
    Location where = entry.keyLocation();
    String path = prefix + name;
    if (!name.matches("[a-z0-9][a-z0-9_-]{0,49}")) {
      faults.add(where, prefix + " names must be small letters, digits, - and _; got " + name);
      return Optional.empty();
    }
    LinkedHashMap<String, YamlNode.Entry> own = new LinkedHashMap<>();
    if (entry.value() instanceof YamlNode.Section section) {
      own.putAll(section.entries());
    } else if (!(entry.value() instanceof YamlNode.Scalar scalar
        && (scalar.isNull() || scalar.isEmpty() || scalar.text().equals(name)))) {
      faults.add(where, path + " is a section: give its keys below it, indented");
      return Optional.empty();
    }
    own.remove("name");
    YamlNode.Entry base = own.remove("protocol");
    String file = base != null && base.value() instanceof YamlNode.Scalar s ? s.text() : name;
    YamlNode.Section published = ProtocolFiles.read(file, faults).orElse(null);
    if (published == null && (base != null || !own.containsKey("type"))) {
      faults.add(
          base == null ? where : base.value().location(),
          path
              + ": there is no protocol "
              + file
              + "; there are "
              + String.join(", ", ProtocolFiles.NAMES));
      return Optional.empty();
    }
    YamlNode.Section merged = new YamlNode.Section(own, where);
    if (published != null) {
      merged = merge(withoutOtherFormats(published, own), merged);
      for (String images : List.of("train", "test")) {
        // What the file says of a collection counts where the section says where that is.
        if (merged.entries().get(images) != null
            && merged.entries().get(images).value() instanceof YamlNode.Section s
            && !s.entries().containsKey("path")
            && !own.containsKey(images)) {
          merged.entries().remove(images);
        }
      }
    }
    return protocol(path, name, merged, where);
  }

  /** What a file says of a collection of its format says nothing of one in another. */
  private static YamlNode.Section withoutOtherFormats(
      YamlNode.Section published, Map<String, YamlNode.Entry> own) {
    LinkedHashMap<String, YamlNode.Entry> entries = new LinkedHashMap<>(published.entries());
    entries
        .entrySet()
        .removeIf(
            e ->
                e.getValue().value() instanceof YamlNode.Section theirs
                    && own.containsKey(e.getKey())
                    && own.get(e.getKey()).value() instanceof YamlNode.Section mine
                    && mine.entries().get("format") != null
                    && !format(mine).equals(format(theirs)));
    return new YamlNode.Section(entries, published.location());
  }

  private static String format(YamlNode.Section collection) {
    YamlNode.Entry format = collection.entries().get("format");
    return format != null && format.value() instanceof YamlNode.Scalar s ? s.text() : "";
  }

  private Optional<Protocols.Named> protocol(
      String path, String name, YamlNode.Section section, Location where) {
    int before = faults.count();
    YamlNode.Entry word = section.entries().get("type");
    String type = word != null && word.value() instanceof YamlNode.Scalar s ? s.text() : "";
    Class<? extends Record> kind = Protocol.TYPES.get(type);
    if (kind == null) {
      faults.add(
          word == null ? where : word.value().location(),
          path
              + ".type must be one of "
              + String.join(", ", Protocol.TYPES.keySet())
              + ", got "
              + (word == null ? "nothing" : word.value().kind()));
      return Optional.empty();
    }
    Schema source = Schema.of(Protocols.Source.class, path + ".");
    Schema settings = Schema.of(kind, path + ".");
    Map<String, Object> values = new HashMap<>();
    build(
        Stream.concat(source.components().stream(), settings.components().stream()).toList(),
        section,
        path + ".",
        where,
        values);
    if (faults.count() > before) {
      return Optional.empty();
    }
    for (String key : Protocol.FILES) {
      values.computeIfPresent(
          path + "." + key,
          (setting, value) ->
              Setting.looksTyped((String) value) ? value : resolve(setting, (String) value));
    }
    try {
      return Optional.of(
          new Protocols.Named(
              name,
              (Protocols.Source) create(source, values),
              (Protocol) create(settings, values)));
    } catch (InvalidSettingsException e) {
      places.putIfAbsent(path, where);
      e.faults().forEach(fault -> add(fault.under(path)));
      return Optional.empty();
    }
  }

  private static Record create(Schema schema, Map<String, Object> values) {
    return schema.create(
        schema.components().stream().map(component -> values.get(component.path())).toArray());
  }

  /** The first section with the keys of the second in the place of its own. */
  static YamlNode.Section merge(YamlNode.Section base, YamlNode.Section changes) {
    LinkedHashMap<String, YamlNode.Entry> entries = new LinkedHashMap<>(base.entries());
    changes
        .entries()
        .forEach(
            (key, change) -> {
              YamlNode.Entry old = entries.get(key);
              boolean both =
                  old != null
                      && old.value() instanceof YamlNode.Section
                      && change.value() instanceof YamlNode.Section;
              entries.put(
                  key,
                  both
                      ? new YamlNode.Entry(
                          change.keyLocation(),
                          merge((YamlNode.Section) old.value(), (YamlNode.Section) change.value()))
                      : change);
            });
    return new YamlNode.Section(entries, changes.location());
  }

  /**
   * Rules between those keys of a section that are sound by themselves, though others are not:
   * tries the section with defaults in place of the faulty ones.
   */
  private void contradictions(Setting section, Schema schema, Map<String, Object> values) {
    List<Object> trial = new ArrayList<>();
    for (Setting component : schema.components()) {
      Object value = values.get(component.path());
      if (value == null) {
        if (component.required()) {
          return;
        }
        value = component.defaultValue();
      }
      trial.add(value);
    }
    try {
      schema.create(trial.toArray());
    } catch (InvalidSettingsException e) {
      for (SettingFault fault : e.faults()) {
        SettingFault here = fault.under(section.path());
        if (here.keys().stream().allMatch(values::containsKey)) {
          add(here);
        }
      }
    }
  }

  /** Makes paths absolute and looks at what lies there. */
  private void resolveData(String prefix, Map<String, Object> values) {
    boolean idx = "idx".equals(values.get(prefix + "format"));
    OptionalLong count = OptionalLong.empty();
    boolean images = "images".equals(values.get(prefix + "format"));
    if (values.get(prefix + "path") instanceof String given) {
      String path = resolve(prefix + "path", given);
      values.put(prefix + "path", path);
      count = exists(prefix + "path", path, idx ? IdxHeader.IMAGES : images ? FOLDER : ANYTHING);
    }
    if (count.isPresent()) {
      long limit = values.get(prefix + "limit") instanceof Long most ? most : Long.MAX_VALUE;
      counts.put(prefix.substring(0, prefix.length() - 1), Math.min(count.getAsLong(), limit));
    }
    if (values.get(prefix + "format") == null) {
      // Which of these are files is known when the place has been looked at.
      for (String key : new String[] {prefix + "labels", prefix + "list"}) {
        if (values.get(key) instanceof String given
            && !isAddress(given)
            && Files.isRegularFile(Path.of(resolve(key, given)))) {
          values.put(key, resolve(key, given));
        }
      }
    }
    if ("yfcc100m".equals(values.get(prefix + "format"))) {
      for (String key : new String[] {prefix + "labels", prefix + "list"}) {
        if (values.get(key) instanceof String given) {
          values.put(key, resolve(key, given));
          var unused = exists(key, (String) values.get(key), ANYTHING);
        }
      }
    }
    if (idx && values.get(prefix + "labels") instanceof String given) {
      String path = resolve(prefix + "labels", given);
      values.put(prefix + "labels", path);
      OptionalLong labels = exists(prefix + "labels", path, IdxHeader.LABELS);
      if (count.isPresent() && labels.isPresent() && !count.equals(labels)) {
        faults.add(
            places.get(prefix + "labels"),
            prefix
                + "labels must hold one label per image: "
                + count.getAsLong()
                + " images, got "
                + labels.getAsLong()
                + " labels");
      }
    }
  }

  private String resolve(String key, String given) {
    if (isAddress(given)) {
      return given;
    }
    boolean fromFile = places.get(key).line() < Integer.MAX_VALUE;
    Path base = fromFile ? folder : Path.of("").toAbsolutePath();
    return base.resolve(home(given)).normalize().toString();
  }

  private static boolean isAddress(String path) {
    return path.matches("[a-zA-Z][a-zA-Z0-9+.-]+://.*");
  }

  private static String home(String path) {
    return path.startsWith("~/") ? System.getProperty("user.home") + path.substring(1) : path;
  }

  /**
   * Checks what lies at a local path; addresses of other file systems are left to the stages.
   *
   * @param magic what an IDX file must start with, or {@link #FOLDER} or {@link #ANYTHING}
   * @return the number of elements, if the file says it
   */
  private OptionalLong exists(String key, String path, int magic) {
    if (isAddress(path) || (magic == ANYTHING && DataConfig.isPattern(path))) {
      return OptionalLong.empty();
    }
    Path local = Path.of(path);
    String problem = null;
    if (!Files.exists(local)) {
      problem = "does not exist: " + path;
    } else if (magic == FOLDER && !Files.isDirectory(local)) {
      problem = "must be a folder of images for format images, got the file " + path;
    } else if (magic > 0 && Files.isDirectory(local)) {
      problem = "must be an IDX file for format idx, got the folder " + path;
    } else if (magic > 0) {
      try {
        return OptionalLong.of(IdxHeader.count(local, magic));
      } catch (IOException e) {
        problem =
            "must be an IDX file of "
                + (magic == IdxHeader.IMAGES ? "images" : "labels")
                + ": "
                + path
                + " "
                + e.getMessage();
      }
    }
    if (problem != null) {
      faults.add(places.get(key), key + " " + problem);
    }
    return OptionalLong.empty();
  }

  private void contradictions(Map<String, Object> parts) {
    try {
      parts.put(
          "clustering",
          Experiment.clusteringFor(
              (Method) parts.get("method"), (ClusterConfig) parts.get("clustering")));
    } catch (InvalidSettingsException e) {
      e.faults().forEach(this::add);
      parts.remove("clustering");
    }
    ClusterConfig clustering = (ClusterConfig) parts.get("clustering");
    TrainConfig train = (TrainConfig) parts.get("train");
    EvaluateConfig evaluation = (EvaluateConfig) parts.get("evaluation");
    new Contradictions(
            (String) parts.get("name"),
            (Method) parts.get("method"),
            (DataConfig) parts.get("data"),
            places.containsKey("data"),
            (String) parts.get("weights"),
            (ModelConfig) parts.get("model"),
            clustering,
            places.containsKey("clustering"),
            train,
            places.containsKey("train"),
            evaluation)
        .find()
        .forEach(this::add);
    Contradictions.withCounts(
            clustering, train, evaluation, count("data"), count("evaluation.train"))
        .forEach(this::add);
  }

  private OptionalLong count(String collection) {
    Long count = counts.get(collection);
    return count == null ? OptionalLong.empty() : OptionalLong.of(count);
  }

  /** Adds a fault at the first of its settings that was given, or else at the subject's section. */
  private void add(SettingFault fault) {
    List<String> candidates = new ArrayList<>(fault.keys());
    String section = fault.keys().get(0);
    while (section.contains(".")) {
      section = section.substring(0, section.lastIndexOf('.'));
      candidates.add(section);
    }
    Location location =
        candidates.stream()
            .filter(places::containsKey)
            .findFirst()
            .map(places::get)
            .orElseGet(() -> Location.inFile(file, 1, 1));
    faults.add(location, fault.message());
  }
}
