package org.deepercluster.stages.beam;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.deepercluster.stages.table.Part;

/**
 * What a stage put out.
 *
 * @param parts the files that are the result
 * @param numbers counts and metrics, by stable names; finite
 * @param series metrics that have a course (per iteration, per epoch), in order
 * @param warnings what a person should know although the stage has done its work, a sentence each
 */
public record StageResult(
    List<Part> parts,
    SortedMap<String, Double> numbers,
    List<Point> series,
    List<String> warnings) {

  /**
   * One value of a course.
   *
   * @param metric name
   * @param step position of the value: an iteration, a step, an epoch
   * @param value the value
   */
  public record Point(String metric, long step, double value) {}

  public StageResult {
    parts = parts.stream().sorted().toList();
    series = List.copyOf(series);
    warnings = List.copyOf(warnings);
  }

  /** A result without warnings. */
  public StageResult(List<Part> parts, SortedMap<String, Double> numbers, List<Point> series) {
    this(parts, numbers, series, List.of());
  }

  /** A result without numbers. */
  public static StageResult of(List<Part> parts) {
    return new StageResult(parts, new TreeMap<>(), List.of());
  }

  /** A result with numbers. */
  public static StageResult of(List<Part> parts, Map<String, Double> numbers) {
    return new StageResult(parts, new TreeMap<>(numbers), List.of());
  }
}
