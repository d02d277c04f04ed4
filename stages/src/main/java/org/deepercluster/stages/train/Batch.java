package org.deepercluster.stages.train;

/**
 * One step's input.
 *
 * @param index number of the batch within the share, from 0
 * @param x b · c · h · w values, NCHW float32
 * @param superClass s of each image, [b]
 * @param subClass z of each image within its super-class, [b]; with H heads [b, H] row-major
 */
@SuppressWarnings("ArrayRecordComponent") // handed from one owner to the next, never compared
public record Batch(int index, float[] x, int[] superClass, int[] subClass) {
  /** b, the number of images. */
  public int size() {
    return superClass.length;
  }
}
