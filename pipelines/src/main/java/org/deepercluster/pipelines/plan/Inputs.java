package org.deepercluster.pipelines.plan;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.deepercluster.pipelines.experiment.Experiment;
import org.deepercluster.stages.evaluate.Protocols;
import org.deepercluster.stages.ingest.CollectionReader;
import org.deepercluster.stages.ingest.DataConfig;
import org.deepercluster.stages.ingest.InputDigest;
import org.deepercluster.stages.ingest.Listing;
import org.deepercluster.stages.table.Digests;
import org.deepercluster.stages.table.Files;

/**
 * What an experiment's collections and its other files hold, read when the run begins.
 *
 * @param collections in the order in which they are ingested
 * @param files SHA-256, in hexadecimal, of every other file or folder by the setting that names it:
 *     {@code weights}, {@code evaluation.protocols.<name>.labelled}
 */
public record Inputs(List<Collection> collections, SortedMap<String, String> files) {
  private static final String WEIGHTS = "weights";
  private static final String DATA = "data";
  private static final String TRAIN = "evaluation.train";

  public Inputs {
    collections = List.copyOf(collections);
    files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
  }

  /**
   * A collection.
   *
   * @param section of the experiment that describes it, such as {@code evaluation.train}
   * @param config that section
   * @param listing what is there
   */
  public record Collection(String section, DataConfig config, Listing listing) {

    /**
     * Id of the stage instance that ingests it, such as {@code ingest-train}, unless an earlier
     * section is of the same images.
     */
    public String instance() {
      return Inputs.instance(section);
    }
  }

  /**
   * Id of the stage instance that ingests the collection of a section: that of the first section of
   * the same images with the same classes.
   */
  String ingest(String section) {
    Collection wanted = collection(section).orElseThrow();
    return collections.stream()
        .filter(c -> c.config().equals(wanted.config()))
        .filter(c -> c.listing().classNames().equals(wanted.listing().classNames()))
        .findFirst()
        .orElseThrow()
        .instance();
  }

  private Optional<Collection> collection(String section) {
    return collections.stream().filter(c -> c.section().equals(section)).findFirst();
  }

  private static String instance(String section) {
    return section.equals(DATA)
        ? "ingest"
        : "ingest-" + section.replaceFirst("^evaluation\\.(protocols\\.)?", "").replace('.', '-');
  }

  /**
   * Lists the collections.
   *
   * @throws IOException naming the place, what was found there and what would be right
   */
  public static Inputs list(Experiment e) throws IOException {
    return list(e, Map.of());
  }

  /**
   * Lists the collections, but for those whose size is given.
   *
   * @param assumed images by the collection's section, such as {@code data}
   */
  public static Inputs list(Experiment e, Map<String, Long> assumed) throws IOException {
    List<Collection> collections = new ArrayList<>();
    Map<String, Listing> listings = new TreeMap<>();
    for (Map.Entry<String, DataConfig> c : e.collections().entrySet()) {
      List<String> classNames = List.of();
      if (c.getKey().endsWith(".test")) {
        // Labels of a test set mean the same as those of the training set.
        String own = c.getKey().replaceFirst("test$", "train");
        Listing train = listings.getOrDefault(own, listings.get(TRAIN));
        classNames = train == null ? List.of() : train.classNames();
      }
      Long images = assumed.get(c.getKey());
      Listing listing =
          images == null
              ? CollectionReader.of(c.getValue(), classNames).list()
              : new Listing(
                  List.of(), classNames, images, 0, new InputDigest("", "assumed", images, 0));
      listings.put(c.getKey(), listing);
      collections.add(new Collection(c.getKey(), c.getValue(), listing));
    }
    return new Inputs(collections, files(e));
  }

  private static SortedMap<String, String> files(Experiment e) throws IOException {
    TreeMap<String, String> files = new TreeMap<>();
    if (e.weights() != null) {
      files.put(WEIGHTS, sha256(List.of(e.weights())));
    }
    if (e.evaluation() == null || e.evaluation().protocols() == null) {
      return files;
    }
    for (Protocols.Named p : e.evaluation().protocols().all()) {
      for (Map.Entry<String, String> file : p.settings().files().entrySet()) {
        String setting = "evaluation.protocols." + p.name() + "." + file.getKey();
        String path = file.getValue();
        List<String> inFolder = Files.list(path);
        if (inFolder.isEmpty() && !Files.exists(path)) {
          throw new FileNotFoundException(setting + " = " + path + " does not exist");
        }
        files.put(setting, sha256(inFolder.isEmpty() ? List.of(path) : inFolder));
      }
    }
    return files;
  }

  /**
   * Digest of the files' contents, one after the other, and of their names where there are several.
   */
  private static String sha256(List<String> paths) throws IOException {
    MessageDigest sha = Digests.sha256();
    for (String path : paths) {
      if (paths.size() > 1) {
        sha.update((path.substring(path.lastIndexOf('/') + 1) + "\n").getBytes(UTF_8));
      }
      try (InputStream in = new DigestInputStream(Files.open(path), sha)) {
        in.transferTo(OutputStream.nullOutputStream());
      }
    }
    return Digests.hex(sha.digest());
  }

  /** SHA-256 of the file of weights, in hexadecimal; null where the experiment has none. */
  public String weights() {
    return files.get(WEIGHTS);
  }

  /** The images to pre-train on, or null where the method needs none. */
  public Listing data() {
    return listing(DATA);
  }

  /** Labelled images for the classifiers that all protocols share, or null. */
  public Listing evaluationTrain() {
    return listing(TRAIN);
  }

  /** What the collection of a section holds, or null where there is none. */
  public Listing listing(String section) {
    return collection(section).map(Collection::listing).orElse(null);
  }

  /** Digests by the name of the section or setting in the YAML. */
  public SortedMap<String, String> digests() {
    TreeMap<String, String> d = new TreeMap<>();
    collections.forEach(c -> d.put(c.section(), c.listing().digest().sha256()));
    d.putAll(files);
    return d;
  }
}
