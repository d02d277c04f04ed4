package org.deepercluster.stages.beam;

/**
 * How much a stage has to do, in units that do not depend on the machine, for the estimate of what
 * an experiment costs. Orders of magnitude, not bounds: what a stage does beside these is left out.
 *
 * @param decoded images read and decoded
 * @param inference floating-point operations of networks in inference mode
 * @param training floating-point operations of networks in training, forward and backward
 * @param algebra floating-point operations of matrix products outside networks: distances,
 *     covariances, classifiers
 * @param draws images drawn for an epoch
 * @param workers workers that can share it at most
 * @param memory bytes that each of these workers holds beyond a fixed amount
 */
public record Work(
    double decoded,
    double inference,
    double training,
    double algebra,
    double draws,
    int workers,
    double memory) {
  /** Any number of workers. */
  public static final int ANY = Integer.MAX_VALUE;

  /** Nothing worth counting. */
  public static final Work NONE = new Work(0, 0, 0, 0, 0, ANY, 0);

  /** Images to decode. */
  public static Work decoding(long images) {
    return new Work(images, 0, 0, 0, 0, ANY, 0);
  }

  /** Matrix products outside networks. */
  public static Work algebra(double operations) {
    return new Work(0, 0, 0, operations, 0, ANY, 0);
  }

  /** A pass of images through a network. */
  public static Work inference(long images, double operationsPerImage) {
    return new Work(images, images * operationsPerImage, 0, 0, 0, ANY, 0);
  }

  /** This and more work, by as many workers as can share both. */
  public Work plus(Work more) {
    return new Work(
        decoded + more.decoded,
        inference + more.inference,
        training + more.training,
        algebra + more.algebra,
        draws + more.draws,
        Math.min(workers, more.workers),
        Math.max(memory, more.memory));
  }
}
