package org.deepercluster.pipelines.experiment;

import org.yaml.snakeyaml.error.Mark;

/**
 * Where a setting was given.
 *
 * @param text as shown: {@code file:line:column}, {@code --set a.b=value} or the name of an
 *     environment variable
 * @param line from 1, for ordering; the largest int outside the file
 * @param column from 1
 */
record Location(String text, int line, int column) {
  static Location inFile(String file, int line, int column) {
    return new Location(file + ":" + line + ":" + column, line, column);
  }

  static Location inFile(String file, Mark mark) {
    return inFile(file, mark.getLine() + 1, mark.getColumn() + 1);
  }

  static Location outside(String text) {
    return new Location(text, Integer.MAX_VALUE, 0);
  }
}
