package org.deepercluster.stages.beam;

import java.io.Serializable;

/**
 * One unit of work.
 *
 * @param index position in the stage's list of units; names its output files
 * @param value what to work on
 */
public record Unit<U extends Serializable>(int index, U value) implements Serializable {}
