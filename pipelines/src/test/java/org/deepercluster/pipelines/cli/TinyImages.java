package org.deepercluster.pipelines.cli;

import java.awt.image.BufferedImage;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;

/**
 * Small collections of three classes that differ in pattern, made from a seed: 300 colour PNG files
 * of 12×12 to 28×28 pixels in a folder per class, two broken files among them; and grey IDX files
 * of 20×20 pixels with labels.
 */
final class TinyImages {
  static final int GOOD = 300;
  static final int BROKEN = 2;
  private static final String[] CLASSES = {"rings", "stripes", "tiles"};

  private TinyImages() {}

  /** Writes {@code photos/} and the IDX files {@code train-*} and {@code test-*}. */
  static void write(Path root) throws IOException {
    SplittableRandom random = new SplittableRandom(11);
    for (int i = 0; i < GOOD; i++) {
      int c = i % CLASSES.length;
      int width = 12 + random.nextInt(17);
      int height = 12 + random.nextInt(17);
      BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
      int[] color = {80 + random.nextInt(176), 80 + random.nextInt(176), 80 + random.nextInt(176)};
      double phase = random.nextDouble(6);
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          double v = pattern(c, x - width / 2.0, y - height / 2.0, phase);
          int rgb = 0;
          for (int channel : color) {
            rgb = rgb << 8 | (int) Math.min(255, channel * v + random.nextInt(30));
          }
          image.setRGB(x, y, rgb);
        }
      }
      Path file = root.resolve("photos/" + CLASSES[c] + String.format("/%03d.png", i));
      Files.createDirectories(file.getParent());
      ImageIO.write(image, "png", file.toFile());
    }
    Path whole = root.resolve("photos/rings/000.png");
    byte[] half = Files.readAllBytes(whole);
    Files.write(
        root.resolve("photos/rings/half.png"), java.util.Arrays.copyOf(half, half.length / 2));
    Files.writeString(root.resolve("photos/tiles/words.png"), "no picture at all");
    idx(root, "train", 60, random);
    idx(root, "test", 30, random);
  }

  private static double pattern(int c, double x, double y, double phase) {
    double wave =
        switch (c) {
          case 0 -> Math.sin(Math.hypot(x, y) * 1.2 + phase);
          case 1 -> Math.sin(x * 1.2 + phase);
          default -> Math.sin(x * 1.2 + phase) * Math.sin(y * 1.2);
        };
    return 0.5 + 0.45 * wave;
  }

  private static void idx(Path root, String name, int n, SplittableRandom random)
      throws IOException {
    int side = 20;
    try (DataOutputStream images =
            new DataOutputStream(Files.newOutputStream(root.resolve(name + "-images")));
        DataOutputStream labels =
            new DataOutputStream(Files.newOutputStream(root.resolve(name + "-labels")))) {
      for (int v : new int[] {0x803, n, side, side}) {
        images.writeInt(v);
      }
      labels.writeInt(0x801);
      labels.writeInt(n);
      for (int i = 0; i < n; i++) {
        labels.writeByte(i % CLASSES.length);
        double phase = random.nextDouble(6);
        for (int p = 0; p < side * side; p++) {
          double v = pattern(i % CLASSES.length, p % side - 10, p / side - 10, phase);
          images.writeByte((int) (200 * v) + random.nextInt(30));
        }
      }
    }
  }
}
