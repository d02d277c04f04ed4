package org.deepercluster.stages.ingest;

import java.io.Serializable;

/**
 * A class of an image.
 *
 * @param index position in the collection's list of classes, from 0
 * @param name its name there
 * @param difficult the class is there, but the image does not count for it, neither as an example
 *     nor as a counter-example (Pascal VOC's 0)
 */
public record Label(int index, String name, boolean difficult) implements Serializable {
  /** A class that the image counts for. */
  public Label(int index, String name) {
    this(index, name, false);
  }
}
