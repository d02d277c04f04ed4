package org.deepercluster.stages.report;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.font.FontRenderContext;
import java.awt.font.TextLayout;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Pictures made of pixels: filters, strips of thumbnails, sheets; and PNG encoding. */
final class Pictures {
  /** Longest side of a thumbnail in the report, in pixels; larger ones are scaled down. */
  static final int CELL = 64;

  /** Thumbnails beside each other in a strip. */
  static final int COLUMNS = 8;

  private static final int GAP = 2;
  private static final int FILTER_PIXELS = 36;
  private static final int FILTER_COLUMNS = 16;
  private static final int FEW_FILTERS = 32;
  private static final int MAX_FILTERS = 512;

  private Pictures() {}

  /**
   * Whether this JVM can draw text: a headless one without any installed font cannot, and throws
   * errors of several kinds on the attempt.
   *
   * @return {@code null} when it can, else the reason
   */
  static String textFault() {
    try {
      Font font = new Font(Font.SANS_SERIF, Font.PLAIN, 12);
      new TextLayout("0", font, new FontRenderContext(null, true, true)).getBounds();
      return null;
    } catch (RuntimeException | LinkageError | InternalError e) {
      Throwable cause = e;
      while (cause.getCause() != null) {
        cause = cause.getCause();
      }
      String message = cause.getMessage();
      return message == null ? cause.getClass().getSimpleName() : message;
    }
  }

  static byte[] png(BufferedImage image) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      if (!ImageIO.write(image, "png", out)) {
        throw new IllegalStateException("this Java runtime has no PNG writer");
      }
    } catch (IOException e) {
      throw new UncheckedIOException("a picture could not be encoded as PNG", e);
    }
    return bytes.toByteArray();
  }

  /** Pictures beside each other on one background. */
  static BufferedImage beside(List<BufferedImage> images, Color background) {
    int width = images.stream().mapToInt(BufferedImage::getWidth).sum();
    int height = images.stream().mapToInt(BufferedImage::getHeight).max().orElse(1);
    BufferedImage out = blank(width, height, background);
    Graphics2D g = out.createGraphics();
    int x = 0;
    for (BufferedImage image : images) {
      g.drawImage(image, x, 0, null);
      x += image.getWidth();
    }
    g.dispose();
    return out;
  }

  /**
   * First-layer filters, each with its own contrast. Three input channels are shown as red, green
   * and blue, from the filter's smallest weight to its largest; otherwise each input channel is a
   * grey square, with zero as middle grey, and the channels of a filter stand side by side.
   *
   * @param filters weights {@code [out][in][kh][kw]}
   * @return the picture, or {@code null} when there is no weight to show
   */
  static BufferedImage filters(float[][][][] filters) {
    if (filters == null || filters.length == 0 || filters[0].length == 0) {
      return null;
    }
    int in = filters[0].length;
    int kh = filters[0][0].length;
    int kw = kh == 0 ? 0 : filters[0][0][0].length;
    if (kh == 0 || kw == 0) {
      return null;
    }
    boolean colour = in == 3;
    int parts = colour ? 1 : in;
    int count = Math.min(filters.length, MAX_FILTERS);
    int scale = Math.max(1, FILTER_PIXELS / Math.max(kh, kw));
    int partWidth = kw * scale;
    int cellWidth = parts * partWidth + (parts - 1);
    int across = count <= FEW_FILTERS ? FILTER_COLUMNS / 2 : FILTER_COLUMNS;
    int columns = Math.min(count, Math.max(1, across / parts));
    int rows = (count + columns - 1) / columns;
    int gap = 4;
    BufferedImage out =
        new BufferedImage(
            columns * (cellWidth + gap) + gap,
            rows * (kh * scale + gap) + gap,
            BufferedImage.TYPE_INT_ARGB);
    for (int f = 0; f < count; f++) {
      int x0 = gap + f % columns * (cellWidth + gap);
      int y0 = gap + f / columns * (kh * scale + gap);
      for (int part = 0; part < parts; part++) {
        int left = x0 + part * (partWidth + 1);
        for (int y = 0; y < kh * scale; y++) {
          for (int x = 0; x < partWidth; x++) {
            int rgb =
                colour
                    ? colourOf(filters[f], y / scale, x / scale)
                    : greyOf(filters[f], part, y / scale, x / scale);
            out.setRGB(left + x, y0 + y, 0xFF000000 | rgb);
          }
        }
      }
    }
    return out;
  }

  private static int colourOf(float[][][] filter, int y, int x) {
    float low = Float.POSITIVE_INFINITY;
    float high = Float.NEGATIVE_INFINITY;
    for (float[][] channel : filter) {
      for (float[] row : channel) {
        for (float w : row) {
          low = Math.min(low, w);
          high = Math.max(high, w);
        }
      }
    }
    int rgb = 0;
    for (int c = 0; c < 3; c++) {
      float share = high > low ? (filter[c][y][x] - low) / (high - low) : 0.5f;
      rgb = rgb << 8 | level(share);
    }
    return rgb;
  }

  private static int greyOf(float[][][] filter, int channel, int y, int x) {
    float most = 0;
    for (float[][] plane : filter) {
      for (float[] row : plane) {
        for (float w : row) {
          most = Math.max(most, Math.abs(w));
        }
      }
    }
    float share = most > 0 ? 0.5f + 0.5f * filter[channel][y][x] / most : 0.5f;
    return level(share) * 0x010101;
  }

  /** 0–1 as a byte; NaN (a diverged weight) is black. */
  private static int level(float share) {
    return Math.max(0, Math.min(255, Math.round(255 * share)));
  }

  /** Side of the square cells that these thumbnails fit into. */
  static int cellOf(List<Thumbnail> images) {
    int longest = 1;
    for (Thumbnail image : images) {
      longest = Math.max(longest, Math.max(image.width(), image.height()));
    }
    return Math.min(CELL, longest);
  }

  /** Thumbnails in rows, transparent between them; {@code images} must not be empty. */
  static BufferedImage strip(List<Thumbnail> images, int columns) {
    int cell = cellOf(images);
    int across = Math.min(columns, images.size());
    int rows = (images.size() + across - 1) / across;
    BufferedImage out =
        new BufferedImage(
            across * (cell + GAP) - GAP, rows * (cell + GAP) - GAP, BufferedImage.TYPE_INT_ARGB);
    Graphics2D g = out.createGraphics();
    for (int i = 0; i < images.size(); i++) {
      BufferedImage image = fit(images.get(i), cell);
      int x = i % across * (cell + GAP) + (cell - image.getWidth()) / 2;
      int y = i / across * (cell + GAP) + (cell - image.getHeight()) / 2;
      g.drawImage(image, x, y, null);
    }
    g.dispose();
    return out;
  }

  /** Scales down by averaging so that the longest side is at most {@code cell}. */
  private static BufferedImage fit(Thumbnail image, int cell) {
    int longest = Math.max(image.width(), image.height());
    double scale = longest > cell ? (double) cell / longest : 1;
    int width = Math.max(1, (int) Math.round(image.width() * scale));
    int height = Math.max(1, (int) Math.round(image.height() * scale));
    BufferedImage out = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      int top = (int) ((long) y * image.height() / height);
      int bottom = Math.max(top + 1, (int) ((long) (y + 1) * image.height() / height));
      for (int x = 0; x < width; x++) {
        int left = (int) ((long) x * image.width() / width);
        int right = Math.max(left + 1, (int) ((long) (x + 1) * image.width() / width));
        out.setRGB(x, y, mean(image, left, right, top, bottom));
      }
    }
    return out;
  }

  private static int mean(Thumbnail image, int left, int right, int top, int bottom) {
    long red = 0;
    long green = 0;
    long blue = 0;
    for (int y = top; y < bottom; y++) {
      for (int x = left; x < right; x++) {
        int rgb = image.rgb(x, y);
        red += rgb >> 16 & 0xff;
        green += rgb >> 8 & 0xff;
        blue += rgb & 0xff;
      }
    }
    long n = (long) (right - left) * (bottom - top);
    return (int) ((red + n / 2) / n) << 16
        | (int) ((green + n / 2) / n) << 8
        | (int) ((blue + n / 2) / n);
  }

  /**
   * The sheet of one gallery group: a row per cluster, its name and facts above its images.
   *
   * @param title heading
   * @param captions one per cluster, in the same order
   * @param group clusters
   * @param text whether text can be drawn
   */
  static BufferedImage sheet(
      String title, List<String> captions, ReportData.Group group, boolean text) {
    int widest = 320;
    List<BufferedImage> strips = new ArrayList<>();
    for (ReportData.Cluster cluster : group.clusters()) {
      if (cluster.images().isEmpty()) {
        strips.add(null);
        continue;
      }
      int scale = cellOf(cluster.images()) <= CELL / 2 ? 2 : 1;
      BufferedImage strip = strip(cluster.images(), 2 * COLUMNS);
      BufferedImage large =
          new BufferedImage(
              strip.getWidth() * scale, strip.getHeight() * scale, BufferedImage.TYPE_INT_ARGB);
      Graphics2D g = large.createGraphics();
      g.drawImage(strip, 0, 0, large.getWidth(), large.getHeight(), null);
      g.dispose();
      strips.add(large);
      widest = Math.max(widest, large.getWidth());
    }
    int margin = 16;
    int line = text ? 24 : 6;
    int empty = 20;
    int height = margin + (text ? 36 : 0);
    for (BufferedImage strip : strips) {
      height += line + (strip == null ? empty : strip.getHeight()) + margin;
    }
    BufferedImage out = blank(widest + 2 * margin, height, Theme.LIGHT.background());
    Graphics2D g = out.createGraphics();
    g.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    g.setRenderingHint(
        RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
    g.setColor(Theme.LIGHT.text());
    int y = margin;
    if (text) {
      g.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 18));
      g.drawString(title, margin, y + 16);
      y += 36;
      g.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
    }
    for (int i = 0; i < strips.size(); i++) {
      if (text) {
        g.drawString(captions.get(i), margin, y + 15);
      }
      y += line;
      BufferedImage strip = strips.get(i);
      if (strip == null) {
        g.setColor(Theme.LIGHT.faint());
        g.drawRect(margin, y, empty * 4, empty - 1);
        g.setColor(Theme.LIGHT.text());
      } else {
        g.drawImage(strip, margin, y, null);
      }
      y += (strip == null ? empty : strip.getHeight()) + margin;
    }
    g.dispose();
    return out;
  }

  static BufferedImage blank(int width, int height, Color background) {
    BufferedImage out = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = out.createGraphics();
    g.setColor(background);
    g.fillRect(0, 0, width, height);
    g.dispose();
    return out;
  }
}
