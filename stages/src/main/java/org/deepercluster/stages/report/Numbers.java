package org.deepercluster.stages.report;

import java.time.Duration;
import java.util.Locale;

/** One way to write each kind of number, whatever the machine's locale. */
final class Numbers {
  /** Shown where a number is absent. */
  static final String ABSENT = "–";

  private Numbers() {}

  /** Fraction as a percentage with one decimal: 0.794 is {@code 79.4 %}. */
  static String percent(double fraction) {
    return finite(fraction) ? fixed(100 * fraction, 1) + "\u00a0%" : ABSENT;
  }

  /** Difference with sign and a true minus: {@code −0.021}. */
  static String signed(double value, int decimals) {
    if (!finite(value)) {
      return ABSENT;
    }
    String digits = fixed(Math.abs(value), decimals);
    boolean zero = digits.chars().allMatch(c -> c == '0' || c == '.');
    return (zero ? "±" : value < 0 ? "−" : "+") + digits;
  }

  /** Number with so many decimals, or a dash. */
  static String fixed(double value, int decimals) {
    if (!finite(value)) {
      return ABSENT;
    }
    String text = String.format(Locale.ROOT, "%." + decimals + "f", value);
    boolean zero = text.chars().allMatch(c -> c == '0' || c == '.' || c == '-');
    return zero ? text.replace("-", "") : text.replace('-', '−');
  }

  /** Number with so many significant digits, for quantities of unknown size. */
  static String significant(double value, int digits) {
    if (!finite(value)) {
      return ABSENT;
    }
    if (value == 0) {
      return "0";
    }
    double size = Math.abs(value);
    if (size >= 1e7 || size < 1e-5) {
      return String.format(Locale.ROOT, "%." + (digits - 1) + "e", value).replace('-', '−');
    }
    int before = (int) Math.floor(Math.log10(size)) + 1;
    return fixed(value, Math.max(0, digits - before));
  }

  /** Number as short as it can be with three digits, {@code 0.05} or {@code 2.5}. */
  static String brief(double value) {
    String text = significant(value, 3);
    return text.indexOf('.') < 0 || text.indexOf('e') >= 0
        ? text
        : text.replaceFirst("\\.?0+$", "");
  }

  /** Whole number with thousands separated: {@code 95,920,149}. */
  static String count(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  /** A count with its noun: {@code 1 image}, {@code 2,000 images}. */
  static String count(long value, String singular) {
    return count(value) + " " + singular + (value == 1 ? "" : "s");
  }

  /** Seconds as {@code 0.4 s}, {@code 42 s}, {@code 5 min 12 s} or {@code 3 h 07 min}. */
  static String duration(double seconds) {
    if (!finite(seconds) || seconds < 0) {
      return ABSENT;
    }
    if (seconds < 9.95) {
      return fixed(seconds, 1) + "\u00a0s";
    }
    long whole = Math.round(seconds);
    if (whole < 60) {
      return whole + "\u00a0s";
    }
    if (whole < 3600) {
      return whole / 60 + "\u00a0min " + String.format(Locale.ROOT, "%02d", whole % 60) + "\u00a0s";
    }
    long minutes = Math.round(seconds / 60);
    return count(minutes / 60)
        + "\u00a0h "
        + String.format(Locale.ROOT, "%02d", minutes % 60)
        + "\u00a0min";
  }

  static String duration(Duration duration) {
    return duration == null ? ABSENT : duration(duration.toMillis() / 1000.0);
  }

  static boolean finite(double value) {
    return Double.isFinite(value);
  }
}
