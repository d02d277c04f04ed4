package org.deepercluster.pipelines.experiment;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Collects faults with their places. */
final class Faults {
  private final List<Located> all = new ArrayList<>();

  private record Located(Location location, String message) {}

  private int added;

  /** Adds a fault; one that an alias repeats is kept once. */
  void add(Location location, String message) {
    added++;
    Located fault = new Located(location, message);
    if (!all.contains(fault)) {
      all.add(fault);
    }
  }

  boolean isEmpty() {
    return all.isEmpty();
  }

  /** How often a fault was added, repeated ones included. */
  int count() {
    return added;
  }

  /** Throws them all, if there are any. */
  void throwIfAny() {
    if (!all.isEmpty()) {
      throw new InvalidExperimentException(
          all.stream()
              .sorted(
                  Comparator.comparingInt((Located fault) -> fault.location().line())
                      .thenComparingInt(fault -> fault.location().column()))
              .map(
                  fault ->
                      new InvalidExperimentException.Fault(
                          fault.location().text(), fault.message()))
              .toList());
    }
  }
}
