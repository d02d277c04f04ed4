package org.deepercluster.stages.config;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Declares one setting on a record component, once: the component's name is the YAML key and the
 * last part of the MLflow parameter; this annotation adds its meaning, the paper's symbol, default
 * and range. Parsing, validation, documentation and tracking all read it.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Key {
  /** Default value of {@link #def()} for a setting that must be given. */
  String REQUIRED = "\0required";

  /** Default value for a setting that may be left out and is then {@code null}. */
  String NONE = "\0none";

  /** One sentence: what the setting means, with its unit. */
  String doc();

  /** The symbol in the paper, or empty. */
  String symbol() default "";

  /** Default as it would be written in YAML, or {@link #REQUIRED} or {@link #NONE}. */
  String def() default REQUIRED;

  /** Smallest allowed number (inclusive). */
  double min() default Double.NEGATIVE_INFINITY;

  /** Largest allowed number (inclusive). */
  double max() default Double.POSITIVE_INFINITY;

  /** True when {@link #min()} itself is not allowed. */
  boolean aboveMin() default false;

  /** Allowed words, for strings; empty: any. */
  String[] oneOf() default {};

  /**
   * False for a setting that changes where and how fast a run is carried out, but not what comes
   * out; such settings are left out of the experiment's digest.
   */
  boolean affectsResult() default true;
}
