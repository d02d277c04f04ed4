package org.deepercluster.stages.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tar shards in WebDataset's layout: neighbouring entries whose names are equal up to the first dot
 * of the file name are one sample, the rest of the name says what each is. A sample's image is its
 * entry with an image's extension; samples without one are skipped.
 *
 * <p>An image's id is that of {@code <shard>#<entry>}. Shards are in code-point order, or in that
 * of the pattern; samples in that of the shard. {@code labels} is {@code cls} for an entry with the
 * class's number, or {@code json:<field>} for a field of the sample's JSON entry: a number, a name,
 * or a list of them.
 */
final class WebDatasetReader implements CollectionReader {
  private static final Pattern NAME = Pattern.compile("((?:.*/)?[^./][^./]*)\\.([^/]+)");
  private static final String JSON = "json:";
  private static final int MAX_LABEL_BYTES = 16 << 20;
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final DataConfig config;
  private final List<String> classNames;

  WebDatasetReader(DataConfig config, List<String> classNames) {
    this.config = config;
    this.classNames = List.copyOf(classNames);
  }

  /** True for what {@code labels} may be. */
  static boolean isLabels(String labels) {
    return labels.equals("cls") || (labels.startsWith(JSON) && labels.length() > JSON.length());
  }

  @Override
  public Listing list() throws IOException {
    Shards shards = Shards.find(config.path(), ".tar");
    long skipped = shards.skipped();
    List<Item> items = new ArrayList<>();
    RawLabels raw = new RawLabels();
    try (PlaceReader reader = new PlaceReader()) {
      for (Storage.Entry shard : shards.files()) {
        String path = Storage.join(shards.root(), shard.name());
        Archives.Content content = Archives.tar(path);
        skipped += content.skipped();
        Map<String, Archives.Entry> sample = new LinkedHashMap<>();
        String key = null;
        for (Archives.Entry e : content.entries()) {
          Matcher m = NAME.matcher(e.name());
          if (e.fault() != null) {
            items.add(item(shard, path, e));
            raw.add();
          } else if (!m.matches()) {
            skipped++;
          } else {
            if (!m.group(1).equals(key)) {
              skipped += finish(shard, path, sample, reader, items, raw);
              key = m.group(1);
            }
            sample.put(m.group(2).toLowerCase(Locale.ROOT), e);
          }
        }
        skipped += finish(shard, path, sample, reader, items, raw);
      }
    }
    List<String> names = List.of();
    if (config.labels() != null) {
      Classes classes =
          raw.classes(config.path(), Storage.join(shards.root(), "classes.txt"), classNames);
      names = classes.names();
      items = Items.labelled(items, raw.labels(classes));
    }
    List<String> words = new ArrayList<>(names);
    words.add("labels=" + config.labels());
    return Items.listing(
        config, items, true, names, skipped, InputDigest.of(shards.root(), shards.files(), words));
  }

  private static Item item(Storage.Entry shard, String path, Archives.Entry e) {
    return new Item(
        shard.name() + "#" + e.name(), path + "#" + e.name(), e.place(), List.of(), e.fault());
  }

  /** Takes a sample's image, clears the sample, and says how many were skipped. */
  private int finish(
      Storage.Entry shard,
      String path,
      Map<String, Archives.Entry> sample,
      PlaceReader reader,
      List<Item> items,
      RawLabels raw)
      throws IOException {
    if (sample.isEmpty()) {
      return 0;
    }
    Archives.Entry image = image(sample);
    if (image != null) {
      items.add(item(shard, path, image));
      raw.add(labels(path, sample, reader));
    }
    sample.clear();
    return image == null ? 1 : 0;
  }

  /** The first entry such as {@code .jpg}; else the first such as {@code .left.jpg}; else null. */
  private static Archives.Entry image(Map<String, Archives.Entry> sample) {
    Archives.Entry image = null;
    for (Map.Entry<String, Archives.Entry> e : sample.entrySet()) {
      if (ImageFiles.isNamedLikeAnImage("." + e.getKey())) {
        if (!e.getKey().contains(".")) {
          return e.getValue();
        }
        image = image == null ? e.getValue() : image;
      }
    }
    return image;
  }

  private String[] labels(String path, Map<String, Archives.Entry> sample, PlaceReader reader)
      throws IOException {
    String labels = config.labels();
    Archives.Entry entry =
        labels == null ? null : sample.get(labels.equals("cls") ? "cls" : "json");
    if (entry == null) {
      return new String[0];
    }
    String where = path + "#" + entry.name();
    String text;
    try (InputStream in = reader.open(entry.place())) {
      text = new String(in.readNBytes(MAX_LABEL_BYTES), UTF_8);
    }
    if (labels.equals("cls")) {
      if (!text.strip().matches("-1|\\d{1,9}")) {
        throw new IOException(where + ": the number of a class is needed, got " + shown(text));
      }
      return new String[] {text.strip()};
    }
    JsonNode field;
    try {
      field = MAPPER.readTree(text).path(labels.substring(JSON.length()));
    } catch (JsonProcessingException e) {
      throw new IOException(where + ": is no JSON: " + e.getOriginalMessage(), e);
    }
    if (field.isMissingNode() || field.isNull()) {
      return new String[0];
    }
    List<String> values = new ArrayList<>();
    for (JsonNode value : field.isArray() ? field : List.of(field)) {
      if (!value.isTextual() && !value.isIntegralNumber()) {
        throw new IOException(
            where
                + ": field "
                + labels.substring(JSON.length())
                + " must be a number, a name or a list of them, got "
                + shown(field.toString()));
      }
      values.add(value.asText());
    }
    return values.toArray(String[]::new);
  }

  private static String shown(String text) {
    return text.length() > 60 ? text.substring(0, 60) + "..." : text.strip();
  }
}
