package org.deepercluster.stages.image;

import java.io.Serializable;

/**
 * Which images of a collection are used.
 *
 * @param minSide shortest side in pixels, at least 1
 * @param maxPixels most pixels, checked by the header before anything is decoded
 */
public record ImageRules(int minSide, long maxPixels) implements Serializable {}
