package org.deepercluster.pipelines.cli;

import java.io.PrintStream;
import java.nio.file.Files;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.deepercluster.pipelines.run.Inspection;
import org.deepercluster.stages.table.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What is in a collection, before any run. */
@Command(
    name = "inspect",
    description = {
      "Looks through a collection of images: what a run would use, and what not.",
      "Counts files, sizes, formats, labels, rejects by cause and duplicates."
    },
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  ./deepercluster inspect photos/",
      "  ./deepercluster inspect VOCdevkit/ --split trainval",
      "  ./deepercluster inspect photos/ --output look/     (with sheets of pictures)"
    })
final class InspectCommand extends ConsoleCommand {
  private static final int BAR = 40;

  @Parameters(index = "0", paramLabel = "PATH", description = "The collection, as `data.path`.")
  private String path;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description =
          "Folder for sample.png, rejects.png and the tables of rejects and duplicates, which must"
              + " not hold any yet.")
  private String output;

  @Mixin private ImagesOptions images;

  @Override
  public Integer call() throws Exception {
    Inspection inspection = new Inspection(console.err(), images.parallelism);
    String at = ImagesOptions.absolute(path);
    Inspection.Found found;
    if (output != null) {
      found = inspection.run(at, images.format, images.split, ImagesOptions.absolute(output));
    } else {
      java.nio.file.Path scratch = Files.createTempDirectory("inspect");
      try {
        found = inspection.run(at, images.format, images.split, scratch.toString()).withoutFiles();
      } finally {
        org.deepercluster.stages.table.Files.deleteTree(scratch.toString());
      }
    }
    if (images.json) {
      console.out().println(Json.text(found));
    } else {
      print(found, console.out());
    }
    return Console.DONE;
  }

  private static void print(Inspection.Found f, PrintStream out) {
    long rejected = sum(f.rejected());
    long unsupported = sum(f.unsupported());
    out.printf(
        Locale.ROOT,
        "%s: format %s%s%n%n",
        f.path(),
        f.format(),
        f.split() == null ? "" : ", split " + f.split());
    out.printf(Locale.ROOT, "%,12d files%n", f.files());
    out.printf(Locale.ROOT, "%,12d used%n", f.used());
    out.printf(Locale.ROOT, "%,12d rejected%n", rejected);
    f.rejected().forEach((cause, n) -> out.printf(Locale.ROOT, "%,16d %s%n", n, cause));
    out.printf(Locale.ROOT, "%,12d unsupported image formats%n", unsupported);
    f.unsupported().forEach((kind, n) -> out.printf(Locale.ROOT, "%,16d %s%n", n, kind));
    out.printf(Locale.ROOT, "%,12d skipped, which are no images%n%n", f.skipped());
    out.printf(
        Locale.ROOT, "Duplicates: %,d exact, %,d near (of those used)%n", f.exact(), f.near());
    histogram("Format", f.formats(), out);
    histogram("Channels", f.channels(), out);
    histogram("Shorter side in pixels, from", f.sides(), out);
    histogram("Width : height", f.aspects(), out);
    histogram("Label", f.labels(), out);
    if (!f.written().isEmpty()) {
      out.printf("%nWritten:%n");
      Map<String, Long> tables = new TreeMap<>();
      for (String file : f.written()) {
        if (file.endsWith(".parquet")) {
          tables.merge(file.substring(0, file.lastIndexOf('/')), 1L, Long::sum);
        } else {
          out.println("  " + file);
        }
      }
      tables.forEach(
          (folder, n) -> out.printf(Locale.ROOT, "  %s, Parquet, files: %,d%n", folder, n));
    }
  }

  private static void histogram(String title, Map<String, Long> counts, PrintStream out) {
    if (counts.isEmpty()) {
      return;
    }
    long most = counts.values().stream().mapToLong(Long::longValue).max().orElse(1);
    out.printf("%n%s%n", title);
    counts.forEach(
        (value, n) ->
            out.printf(
                Locale.ROOT,
                "%16s %,10d %s%n",
                value,
                n,
                "#".repeat((int) ((n * BAR + most - 1) / most))));
  }

  private static long sum(Map<String, Long> counts) {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }
}
