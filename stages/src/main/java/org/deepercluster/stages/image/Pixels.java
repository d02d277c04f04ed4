package org.deepercluster.stages.image;

/**
 * From pixels to the network's input: float32, CHW, normalised.
 *
 * <p>Resizing is bilinear with antialiasing, as Pillow and torchvision define it: output point i of
 * an axis of {@code in} pixels lies at (i + ½)·in/out and averages the pixels around it with a
 * triangle of half-width max(1, in/out); values stay float (they are not rounded to bytes). Pixels
 * outside the crop never contribute. Where sides are equal, the values are copied exactly.
 *
 * <p>A value v of 0 to 255 becomes (v/255 − mean) / std. For three channels these are ImageNet's
 * (0.485, 0.456, 0.406) and (0.229, 0.224, 0.225); for one channel their means, 0.449 and 0.226.
 * Grey is repeated for three channels; RGB becomes the mean of its channels for one.
 *
 * <p>Stateless: any number of threads may call it.
 */
public final class Pixels {
  private static final float[] MEAN = {0.485f, 0.456f, 0.406f};
  private static final float[] STD = {0.229f, 0.224f, 0.225f};
  private static final float GREY_MEAN = 0.449f;
  private static final float GREY_STD = 0.226f;

  /** Views of {@link #tenView}. */
  public static final int TEN = 10;

  /** Network sizes below this get the whole image as their centre view. */
  public static final int WHOLE_IMAGE_BELOW = 64;

  /**
   * A JPEG is decoded at a reduced scale where so many pixels are still averaged to one of the
   * view: the view then hardly differs (Pillow's thumbnails use the same factor).
   */
  private static final int GAP = 2;

  private Pixels() {}

  /**
   * As {@link #randomView(Image, CropBox, boolean, int, int, int, float[], int)}; large JPEGs are
   * decoded no finer than the view needs.
   *
   * @param image encoded; {@code crop} is in its own pixels
   */
  public static void randomView(
      EncodedImage image,
      CropBox crop,
      boolean flip,
      int rotation,
      int size,
      int channels,
      float[] out,
      int offset) {
    long shorter = Math.min(image.width(), image.height());
    long side = ((long) GAP * size * shorter) / Math.min(crop.width(), crop.height()) + 1;
    ImageCodec.Reduced r = image.decode((int) Math.min(Integer.MAX_VALUE, side));
    randomView(r.image(), crop.of(r), flip, rotation, size, channels, out, offset);
  }

  /**
   * As {@link #centreView(Image, int, int, float[], int)}; large JPEGs are decoded no finer than
   * the view needs.
   */
  public static void centreView(
      EncodedImage image, int size, int channels, float[] out, int offset) {
    centreView(image.decode(GAP * shorterSide(size)).image(), size, channels, out, offset);
  }

  /** The side of what the centre view is cut from: {@code size} · 256/224. */
  private static int shorterSide(int size) {
    return size < WHOLE_IMAGE_BELOW ? size : (int) Math.round(size * 256.0 / 224.0);
  }

  /**
   * One draw of the training set: crop, resize to size×size, flip, then rotate, then normalise.
   *
   * @param image any sides, 1 or 3 channels
   * @param crop inside the image
   * @param flip mirror left and right
   * @param rotation r in 0..3: the upright, flipped view turned by r·90° counter-clockwise
   * @param size side of the view in pixels
   * @param channels 1 or 3
   * @param out receives float32[channels][size][size] from {@code offset} on
   * @param offset first index in {@code out}
   */
  public static void randomView(
      Image image,
      CropBox crop,
      boolean flip,
      int rotation,
      int size,
      int channels,
      float[] out,
      int offset) {
    if ((long) crop.x() + crop.width() > image.width()
        || (long) crop.y() + crop.height() > image.height()) {
      throw new IllegalArgumentException(crop + " reaches beyond " + image);
    }
    if (rotation < 0 || rotation > 3) {
      throw new IllegalArgumentException(
          "rotation " + rotation + ": must be 0, 1, 2 or 3 quarter turns");
    }
    check(size, channels, out, offset);
    Axis columns = Axis.of(crop.x(), crop.width(), size, 0, size);
    Axis rows = Axis.of(crop.y(), crop.height(), size, 0, size);
    float[] planes = resample(image, columns, rows, size, inner(image, channels));
    write(planes, size, channels, flip, rotation, out, offset);
  }

  /**
   * The one view that features and evaluations use. From 64 pixels on: short side to size·256/224
   * (rounded), centre crop of size×size. Below 64: the whole image resized to size×size, whatever
   * its aspect ratio.
   *
   * @param image any sides, 1 or 3 channels
   * @param size side of the view in pixels
   * @param channels 1 or 3
   * @param out receives float32[channels][size][size] from {@code offset} on
   * @param offset first index in {@code out}
   */
  public static void centreView(Image image, int size, int channels, float[] out, int offset) {
    view(image, 0.5, 0.5, false, size, channels, out, offset);
  }

  /**
   * One of the classical ten views (Krizhevsky et al., NeurIPS 2012): the four corners and the
   * centre of the resized image, and these five mirrored. Resizing is {@link #centreView}'s; below
   * 64 pixels, where the whole image is seen, the five are one and the same.
   *
   * @param number 0 to 9: top left, top right, bottom left, bottom right, centre; from 5 on
   *     mirrored
   */
  public static void tenView(
      Image image, int number, int size, int channels, float[] out, int offset) {
    if (number < 0 || number >= TEN) {
      throw new IllegalArgumentException("view " + number + " of ten: must be 0 to 9");
    }
    int place = number % 5;
    double x = place == 4 ? 0.5 : place % 2;
    double y = place == 4 ? 0.5 : place < 2 ? 0 : 1;
    view(image, x, y, number >= 5, size, channels, out, offset);
  }

  /**
   * A crop of the resized image, {@code x} and {@code y} of 0 to 1 of the way from the top left.
   */
  private static void view(
      Image image,
      double x,
      double y,
      boolean flip,
      int size,
      int channels,
      float[] out,
      int offset) {
    check(size, channels, out, offset);
    int w = image.width();
    int h = image.height();
    Axis columns;
    Axis rows;
    if (size < WHOLE_IMAGE_BELOW) {
      columns = Axis.of(0, w, size, 0, size);
      rows = Axis.of(0, h, size, 0, size);
    } else {
      int shorter = shorterSide(size);
      long toW = w <= h ? shorter : (long) shorter * w / h;
      long toH = h <= w ? shorter : (long) shorter * h / w;
      columns = Axis.of(0, w, toW, (long) Math.rint((toW - size) * x), size);
      rows = Axis.of(0, h, toH, (long) Math.rint((toH - size) * y), size);
    }
    float[] planes = resample(image, columns, rows, size, inner(image, channels));
    write(planes, size, channels, flip, 0, out, offset);
  }

  private static void check(int size, int channels, float[] out, int offset) {
    if (size < 1) {
      throw new IllegalArgumentException("view of size " + size + ": must be at least 1");
    }
    if (channels != 1 && channels != 3) {
      throw new IllegalArgumentException("view with " + channels + " channels: must be 1 or 3");
    }
    long need = (long) channels * size * size;
    if (offset < 0 || offset + need > out.length) {
      throw new IllegalArgumentException(
          "view needs " + need + " floats from " + offset + " on, the array has " + out.length);
    }
  }

  /** Channels to resample: resizing and averaging commute, so grey is never done three times. */
  private static int inner(Image image, int channels) {
    return image.channels() == 3 && channels == 3 ? 3 : 1;
  }

  /** Separable resampling, columns first; float32[inner][size][size] of 0 to 255. */
  private static float[] resample(Image image, Axis columns, Axis rows, int size, int inner) {
    int x0 = columns.first();
    int width = columns.end() - x0;
    int y0 = rows.first();
    int height = rows.end() - y0;
    byte[] pixels = image.pixels();
    int n = image.channels();
    float[] line = new float[width];
    float[] narrow = new float[inner * height * size];
    for (int y = 0; y < height; y++) {
      int from = ((y0 + y) * image.width() + x0) * n;
      for (int c = 0; c < inner; c++) {
        if (n == inner) {
          for (int x = 0, i = from + c; x < width; x++, i += n) {
            line[x] = pixels[i] & 0xFF;
          }
        } else {
          for (int x = 0, i = from; x < width; x++, i += 3) {
            int sum = (pixels[i] & 0xFF) + (pixels[i + 1] & 0xFF) + (pixels[i + 2] & 0xFF);
            line[x] = sum / 3f;
          }
        }
        int to = (c * height + y) * size;
        for (int x = 0; x < size; x++) {
          int start = columns.start[x] - x0;
          int taps = columns.taps[x];
          int w = x * columns.stride;
          float sum = 0;
          for (int t = 0; t < taps; t++) {
            sum += columns.weights[w + t] * line[start + t];
          }
          narrow[to + x] = sum;
        }
      }
    }
    float[] planes = new float[inner * size * size];
    for (int c = 0; c < inner; c++) {
      for (int y = 0; y < size; y++) {
        int to = (c * size + y) * size;
        for (int t = 0; t < rows.taps[y]; t++) {
          float weight = rows.weights[y * rows.stride + t];
          int from = (c * height + rows.start[y] - y0 + t) * size;
          for (int x = 0; x < size; x++) {
            planes[to + x] += weight * narrow[from + x];
          }
        }
      }
    }
    return planes;
  }

  private static void write(
      float[] planes, int size, int channels, boolean flip, int rotation, float[] out, int offset) {
    int area = size * size;
    int inner = planes.length / area;
    int last = size - 1;
    // out(i, j) is the upright view's (row, column):
    //   r = 0: (i, j)   r = 1: (j, last − i)   r = 2: (last − i, last − j)   r = 3: (last − j, i)
    // and flipping mirrors the column; as one linear index: base + i·stepI + j·stepJ.
    int rowAt0 = rotation >= 2 ? last : 0;
    int columnAt0 = rotation == 1 || rotation == 2 ? last : 0;
    int rowByI = rotation == 0 ? 1 : rotation == 2 ? -1 : 0;
    int rowByJ = rotation == 1 ? 1 : rotation == 3 ? -1 : 0;
    int columnByI = rotation == 1 ? -1 : rotation == 3 ? 1 : 0;
    int columnByJ = rotation == 0 ? 1 : rotation == 2 ? -1 : 0;
    if (flip) {
      columnAt0 = last - columnAt0;
      columnByI = -columnByI;
      columnByJ = -columnByJ;
    }
    int base = rowAt0 * size + columnAt0;
    int stepI = rowByI * size + columnByI;
    int stepJ = rowByJ * size + columnByJ;
    for (int c = 0; c < channels; c++) {
      float mean = channels == 3 ? MEAN[c] : GREY_MEAN;
      float std = channels == 3 ? STD[c] : GREY_STD;
      int plane = inner == 3 ? c * area : 0;
      int to = offset + c * area;
      for (int i = 0; i < size; i++) {
        int from = plane + base + i * stepI;
        for (int j = 0; j < size; j++, from += stepJ) {
          out[to++] = (planes[from] / 255f - mean) / std;
        }
      }
    }
  }

  /** For each output point of one axis: its first source pixel and the weights from there on. */
  private static final class Axis {
    final int[] start;
    final int[] taps;
    final float[] weights;
    final int stride;

    private Axis(int count, int stride) {
      this.start = new int[count];
      this.taps = new int[count];
      this.weights = new float[count * stride];
      this.stride = stride;
    }

    /**
     * Source pixels [from, from + length) become {@code total} points; of these, {@code count} from
     * {@code first} on.
     */
    static Axis of(int from, int length, long total, long first, int count) {
      double scale = (double) length / total;
      double support = Math.max(1.0, scale);
      Axis axis = new Axis(count, (int) Math.ceil(2 * support) + 1);
      double[] w = new double[axis.stride];
      for (int i = 0; i < count; i++) {
        double centre = (first + i + 0.5) * scale;
        int lo = Math.max(0, (int) (centre - support + 0.5));
        int hi = Math.min(length, (int) (centre + support + 0.5));
        double sum = 0;
        for (int x = lo; x < hi; x++) {
          double v = Math.max(0, 1 - Math.abs(x - centre + 0.5) / support);
          w[x - lo] = v;
          sum += v;
        }
        int n = hi - lo;
        while (n > 1 && w[n - 1] == 0) {
          n--;
        }
        axis.start[i] = from + lo;
        axis.taps[i] = n;
        for (int t = 0; t < n; t++) {
          axis.weights[i * axis.stride + t] = (float) (w[t] / sum);
        }
      }
      return axis;
    }

    int first() {
      return start[0];
    }

    int end() {
      int end = 0;
      for (int i = 0; i < start.length; i++) {
        end = Math.max(end, start[i] + taps[i]);
      }
      return end;
    }
  }
}
