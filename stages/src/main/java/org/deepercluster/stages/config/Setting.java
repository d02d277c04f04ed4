package org.deepercluster.stages.config;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One declared setting: a record component with its {@link Key}.
 *
 * @param path dotted key from the root of the schema, such as {@code train.lr}
 * @param valueType the component's type, boxed: Integer, Long, Double, Boolean, String, an enum, or
 *     a record for a section
 * @param key the declaration
 */
public record Setting(String path, Class<?> valueType, Key key) {
  private static final Pattern WHOLE = Pattern.compile("[-+]?(0|[1-9][0-9]*(_[0-9]+)*)");
  private static final Pattern NUMBER =
      Pattern.compile(
          "[-+]?([0-9]+(_[0-9]+)*(\\.([0-9]+(_[0-9]+)*)?)?|\\.[0-9]+(_[0-9]+)*)([eE][-+]?[0-9]{1,4})?");
  private static final Pattern LEADING_ZERO = Pattern.compile("[-+]?0[0-9_]+");
  private static final Pattern BOOLEAN_WORD = Pattern.compile("(?i)(y|n|yes|no|on|off|true|false)");

  /** What kind of value a setting takes. */
  public enum Type {
    /** A whole number. */
    INTEGER("whole number"),
    /** A decimal number. */
    NUMBER("number"),
    /** {@code true} or {@code false}. */
    BOOLEAN("true or false"),
    /** Text, or one word of a list. */
    TEXT("text"),
    /** A group of settings. */
    SECTION("section"),
    /** Groups of settings under names that the file chooses: {@link NamedSections}. */
    SECTIONS("named sections");

    private final String words;

    Type(String words) {
      this.words = words;
    }

    /** The type in words, for documentation and messages. */
    public String words() {
      return words;
    }
  }

  /** The last part of the path. */
  public String name() {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  /** The kind of value. */
  public Type type() {
    if (valueType == Integer.class || valueType == Long.class) {
      return Type.INTEGER;
    }
    if (valueType == Double.class) {
      return Type.NUMBER;
    }
    if (valueType == Boolean.class) {
      return Type.BOOLEAN;
    }
    if (NamedSections.class.isAssignableFrom(valueType)) {
      return Type.SECTIONS;
    }
    return valueType.isRecord() ? Type.SECTION : Type.TEXT;
  }

  /** The settings inside a section. */
  public Schema schema() {
    return Schema.of(valueType.asSubclass(Record.class), path + ".");
  }

  /** True for a setting that has to be given. */
  public boolean required() {
    return key.def().equals(Key.REQUIRED);
  }

  /** True for a setting that may be left out and is then {@code null}. */
  public boolean optional() {
    return key.def().equals(Key.NONE);
  }

  /** Allowed words, or empty where any text is allowed. */
  public List<String> words() {
    if (valueType.isEnum()) {
      return Arrays.stream(valueType.getEnumConstants()).map(Setting::text).toList();
    }
    return List.of(key.oneOf());
  }

  /**
   * Value when the setting is left out.
   *
   * @throws IllegalStateException if it is required, or if the declared default is not allowed
   */
  public Object defaultValue() {
    if (optional()) {
      return null;
    }
    if (required()) {
      throw new IllegalStateException(path + " has no default: it must be given");
    }
    if (type() == Type.SECTION) {
      return schema().defaults();
    }
    Object value = parse(key.def());
    problem(value)
        .ifPresent(
            problem -> {
              throw new IllegalStateException("the default of " + path + " " + problem);
            });
    return value;
  }

  /**
   * Reads a value from its text, strictly: {@code 1e-5} and {@code 1_000} are numbers, {@code yes}
   * is not a boolean. The range is not checked.
   *
   * @throws IllegalArgumentException with the problem as message, worded to follow the key
   */
  public Object parse(String text) {
    return switch (type()) {
      case INTEGER -> parseWhole(text);
      case NUMBER -> {
        if (!NUMBER.matcher(text).matches()) {
          throw new IllegalArgumentException(mustBe() + ", got " + quote(text));
        }
        // Adding zero turns -0 into 0, so that equal numbers are equal settings.
        yield Double.parseDouble(text.replace("_", "")) + 0.0;
      }
      case BOOLEAN -> {
        if (!text.equals("true") && !text.equals("false")) {
          throw new IllegalArgumentException(mustBe() + ", got " + quote(text) + booleanHint(text));
        }
        yield Boolean.valueOf(text);
      }
      case TEXT -> {
        if (!valueType.isEnum()) {
          yield text;
        }
        for (Object constant : valueType.getEnumConstants()) {
          if (text(constant).equals(text)) {
            yield constant;
          }
        }
        throw new IllegalArgumentException(mustBe() + ", got " + quote(text));
      }
      case SECTION, SECTIONS ->
          throw new IllegalArgumentException(mustBe() + ", got " + quote(text));
    };
  }

  private Object parseWhole(String text) {
    if (!WHOLE.matcher(text).matches()) {
      String hint = "";
      if (LEADING_ZERO.matcher(text).matches()) {
        hint = ": write it without leading zeros, which some YAML readers take for octal";
      } else if (NUMBER.matcher(text).matches()) {
        BigDecimal number = new BigDecimal(text.replace("_", ""));
        if (number.stripTrailingZeros().scale() <= 0 && number.precision() - number.scale() < 20) {
          hint = ": write " + number.toBigInteger();
        }
      }
      throw new IllegalArgumentException(mustBe() + ", got " + quote(text) + hint);
    }
    BigInteger number = new BigInteger(text.replace("_", "").replace("+", ""));
    int bits = valueType == Integer.class ? 31 : 63;
    if (number.bitLength() > bits) {
      throw new IllegalArgumentException(
          mustBe()
              + (bits == 31 ? ", at most 2147483647" : " that fits 64 bits")
              + ", got "
              + quote(text));
    }
    if (bits == 31) {
      return number.intValueExact();
    }
    return number.longValueExact();
  }

  /**
   * What is wrong with a value of this setting's type, if anything: the allowed range and the value
   * got.
   */
  public Optional<String> problem(Object value) {
    if (value == null) {
      return optional() ? Optional.empty() : Optional.of("is missing: it " + mustBe());
    }
    boolean fine =
        switch (type()) {
          case INTEGER -> inRange(BigDecimal.valueOf(((Number) value).longValue()));
          case NUMBER -> Double.isFinite((Double) value) && inRange(new BigDecimal((Double) value));
          case TEXT -> words().isEmpty() ? !text(value).isBlank() : words().contains(text(value));
          case BOOLEAN, SECTION, SECTIONS -> true;
        };
    return fine ? Optional.empty() : Optional.of(mustBe() + ", got " + quote(text(value)));
  }

  private boolean inRange(BigDecimal value) {
    if (Double.isFinite(key.min())) {
      int order = value.compareTo(new BigDecimal(key.min()));
      if (order < 0 || (order == 0 && key.aboveMin())) {
        return false;
      }
    }
    return !Double.isFinite(key.max()) || value.compareTo(new BigDecimal(key.max())) <= 0;
  }

  /** The requirement as a predicate, such as {@code must be a whole number from 1 to 100}. */
  public String mustBe() {
    if (type() == Type.TEXT) {
      return words().isEmpty()
          ? "must be text that is not empty"
          : "must be one of " + words().stream().collect(Collectors.joining(", "));
    }
    if (type() == Type.BOOLEAN) {
      return "must be true or false";
    }
    if (type() == Type.SECTIONS) {
      return "must be a list of names or sections";
    }
    String range = range();
    return "must be a " + type().words() + (range.isEmpty() ? "" : " " + range);
  }

  /** Allowed numbers in words, or empty where there is no bound. */
  public String range() {
    boolean below = Double.isFinite(key.min());
    boolean above = Double.isFinite(key.max());
    String min = below ? bound(key.min()) : "";
    String max = above ? bound(key.max()) : "";
    if (below && above) {
      return key.aboveMin() ? "above " + min + " and at most " + max : "from " + min + " to " + max;
    }
    if (below) {
      return (key.aboveMin() ? "above " : "at least ") + min;
    }
    return above ? "at most " + max : "";
  }

  /** A value as it is written in YAML (without quotes) and as an MLflow parameter. */
  public static String text(Object value) {
    if (value instanceof Double number && Double.isFinite(number)) {
      String plain = BigDecimal.valueOf(number).stripTrailingZeros().toPlainString();
      return plain.length() <= 20 ? plain : number.toString();
    }
    if (value instanceof Enum<?> constant) {
      return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
    return String.valueOf(value);
  }

  /** True for text that this schema, or a YAML 1.1 reader, takes for a number or a boolean. */
  public static boolean looksTyped(String text) {
    return WHOLE.matcher(text).matches()
        || LEADING_ZERO.matcher(text).matches()
        || NUMBER.matcher(text).matches()
        || BOOLEAN_WORD.matcher(text).matches();
  }

  private static String booleanHint(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "yes", "y", "on", "true" -> ": write true";
      case "no", "n", "off", "false" -> ": write false";
      default -> "";
    };
  }

  private static String bound(double number) {
    return BigDecimal.valueOf(number).stripTrailingZeros().toPlainString();
  }

  private static String quote(String text) {
    return text.isBlank() ? "\"" + text + "\"" : text;
  }
}
