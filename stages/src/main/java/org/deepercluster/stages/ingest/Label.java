package org.deepercluster.stages.ingest;

import java.io.Serializable;

/**
 * The class of an image.
 *
 * @param index position in the collection's list of classes, from 0
 * @param name its name there
 */
public record Label(int index, String name) implements Serializable {}
