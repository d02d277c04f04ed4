package org.deepercluster.pipelines.run;

/**
 * One line of an examination.
 *
 * @param name what was looked at
 * @param state {@link #OK}, {@link #NOTE} or {@link #FAULT}
 * @param found what was found
 * @param fix what to do, or empty
 */
public record Finding(String name, String state, String found, String fix) {
  /** As it should be. */
  public static final String OK = "ok";

  /** Works, but is worth knowing. */
  public static final String NOTE = "note";

  /** Does not work. */
  public static final String FAULT = "fault";

  static Finding ok(String name, String found) {
    return new Finding(name, OK, found, "");
  }

  static Finding note(String name, String found, String fix) {
    return new Finding(name, NOTE, found, fix);
  }

  static Finding fault(String name, String found, String fix) {
    return new Finding(name, FAULT, found, fix);
  }

  boolean isFault() {
    return state.equals(FAULT);
  }

  /** What was found, and the fix if there is one, in one line. */
  String text() {
    return fix.isEmpty() ? found : found + "; " + fix;
  }
}
