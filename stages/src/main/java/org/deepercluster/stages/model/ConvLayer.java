package org.deepercluster.stages.model;

/**
 * A convolution as the evaluation sees it: after its batch norm and ReLU, before any pooling.
 *
 * @param name {@code conv1}, {@code conv2}, ... in order from the input
 * @param channels number of channels
 * @param height rows at the configured image size
 * @param width columns at the configured image size
 */
public record ConvLayer(String name, int channels, int height, int width) {}
