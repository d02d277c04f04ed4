package org.deepercluster.pipelines.run;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.deepercluster.pipelines.plan.Plan;
import org.deepercluster.pipelines.plan.StageInstance;
import org.deepercluster.stages.beam.StageResult;
import org.deepercluster.stages.table.Manifest;

/**
 * Shows a run in the terminal: a line per finished stage, and under them one that is redrawn and
 * says which stage runs, how far it is and how long it will take. Where output is no terminal the
 * moving line is printed every few seconds instead.
 */
public final class ConsoleDisplay implements RunListener {
  private static final long PLAIN_INTERVAL_NANOS = 10_000_000_000L;
  private static final int WIDTH = 100;

  private final PrintStream out;
  private final Consumer<String> log;
  private final boolean terminal;
  private final boolean color;
  private final Plan plan;
  private final TimeLeft timeLeft;
  private final long runStarted = System.nanoTime();
  private long stageStarted;
  private long lastPlain;
  private int number;
  private int skipped;

  /**
   * A display of one run.
   *
   * @param out where to print
   * @param terminal whether lines can be redrawn
   * @param color whether colours are wanted
   * @param plan the run's plan
   * @param log also told what is printed for good
   */
  ConsoleDisplay(
      PrintStream out, boolean terminal, boolean color, Plan plan, Consumer<String> log) {
    this.out = out;
    this.log = log;
    this.terminal = terminal;
    this.color = color;
    this.plan = plan;
    this.timeLeft = new TimeLeft(plan);
  }

  @Override
  public void skipped(StageInstance instance, Manifest manifest) {
    number++;
    skipped++;
    timeLeft.skipped(instance);
  }

  @Override
  public void started(StageInstance instance) {
    if (skipped > 0) {
      line(dim("   " + skipped + " stages were complete already"));
      skipped = 0;
    }
    number++;
    stageStarted = System.nanoTime();
    lastPlain = stageStarted;
    moving(instance, 0, "", Map.of());
  }

  @Override
  public void progress(StageInstance instance, StageProgress p) {
    if (!terminal) {
      if (System.nanoTime() - lastPlain < PLAIN_INTERVAL_NANOS) {
        return;
      }
      lastPlain = System.nanoTime();
    }
    moving(instance, p.fraction(), p.describe(), p.metrics());
  }

  @Override
  public void event(StageInstance instance, String text) {
    line(String.format("[%2d/%d] %s: %s", number, plan.instances().size(), instance.id(), text));
  }

  @Override
  public void finished(
      StageInstance instance, Manifest manifest, StageResult result, String directory) {
    double seconds = manifest.wallSeconds();
    timeLeft.finished(instance, seconds);
    line(
        String.format(
            Locale.ROOT,
            "%s %-22s %8s  %s",
            green(String.format("[%2d/%d]", number, plan.instances().size())),
            instance.id(),
            duration(seconds),
            summary(instance, result)));
    for (String warning : result.warnings()) {
      line(yellow("Warning: " + instance.id() + ": " + warning));
    }
  }

  @Override
  public void failed(StageInstance instance, Throwable cause) {
    line(
        red(
            String.format(
                "[%2d/%d] %s %s",
                number,
                plan.instances().size(),
                instance.id(),
                cause instanceof RunCancelledException ? "cancelled" : "failed")));
  }

  private void moving(StageInstance instance, double fraction, String what, Map<String, Double> m) {
    double elapsed = seconds(stageStarted);
    double rest = timeLeft.rest(instance, fraction, elapsed);
    StringBuilder numbers = new StringBuilder();
    for (var e : m.entrySet()) {
      numbers.append("  ").append(e.getKey()).append(' ').append(number(e.getValue()));
    }
    String text =
        String.format(
            Locale.ROOT,
            "[%2d/%d] %-14s %3.0f %%  %s%s  · %s left in stage · run %s, about %s left",
            number,
            plan.instances().size(),
            instance.id(),
            100 * fraction,
            what,
            numbers,
            clock(rest),
            clock(seconds(runStarted)),
            clock(timeLeft.left(instance, rest)));
    if (terminal) {
      out.print("\r\u001b[2K" + (text.length() > WIDTH ? text.substring(0, WIDTH) : text));
    } else {
      out.println(text);
    }
    out.flush();
  }

  /** The numbers of a finished stage that tell most, by its kind. */
  private static String summary(StageInstance instance, StageResult result) {
    List<String> shown =
        switch (instance.stage().name()) {
          case "ingest" -> List.of("images", "rejected", "labelled");
          case "cluster" ->
              List.of(
                  "objective/level2",
                  "clusters/nmi_previous",
                  "clusters/changed",
                  "clusters/largest",
                  "clusters/empty");
          case "train" -> List.of("loss", "accuracy/super", "accuracy/sub", "images_per_second");
          case "evaluate" -> List.of("eval/knn/top1", "random/eval/knn/top1", "eval/clusters/nmi");
          case "features", "augment" -> List.copyOf(result.numbers().keySet());
          default -> List.of();
        };
    StringBuilder b = new StringBuilder();
    for (String name : shown) {
      Double value = result.numbers().get(name);
      if (value != null) {
        b.append(b.length() == 0 ? "" : "  ").append(name).append(' ').append(number(value));
      }
    }
    return b.toString();
  }

  /** Prints a line for good, above the moving one. */
  void line(String text) {
    out.println((terminal ? "\r\u001b[2K" : "") + text);
    out.flush();
    log.accept(text);
  }

  private static double seconds(long since) {
    return (System.nanoTime() - since) / 1e9;
  }

  static String number(double v) {
    if (v == Math.rint(v) && Math.abs(v) < 1e15) {
      return String.format(Locale.ROOT, "%,d", (long) v);
    }
    return String.format(Locale.ROOT, Math.abs(v) >= 1000 ? "%,.0f" : "%.4g", v);
  }

  private static String duration(double seconds) {
    return seconds < 60 ? String.format(Locale.ROOT, "%.1f s", seconds) : clock(seconds) + " m";
  }

  /** Minutes and seconds, or hours and minutes. */
  static String clock(double seconds) {
    long s = Math.round(seconds);
    return s < 3600
        ? String.format("%d:%02d", s / 60, s % 60)
        : String.format("%d h %02d m", s / 3600, s / 60 % 60);
  }

  private String dim(String s) {
    return color ? "\u001b[2m" + s + "\u001b[0m" : s;
  }

  private String green(String s) {
    return color ? "\u001b[32m" + s + "\u001b[0m" : s;
  }

  private String yellow(String s) {
    return color ? "\u001b[33m" + s + "\u001b[0m" : s;
  }

  private String red(String s) {
    return color ? "\u001b[31m" + s + "\u001b[0m" : s;
  }
}
