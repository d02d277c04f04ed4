package org.deepercluster.stages.train;

import java.io.IOException;

/**
 * Makes the pixels of draws: decodes, crops, flips, rotates and normalises the images they name.
 */
@FunctionalInterface
public interface BatchSource {
  /**
   * Fills {@code x} with the network's input for the draws {@code [begin, end)} of the share. The
   * result may depend on nothing but the draws; with prefetching it is called from other threads,
   * for different batches at the same time when there are several.
   *
   * @param begin first draw
   * @param end one past the last
   * @param x (end − begin) · c · h · w values, NCHW float32, all to be written
   * @throws IOException when an image cannot be read
   */
  void fill(int begin, int end, float[] x) throws IOException;
}
