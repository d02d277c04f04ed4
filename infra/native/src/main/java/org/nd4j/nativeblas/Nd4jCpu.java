package org.nd4j.nativeblas;

/**
 * Answers a question that Deeplearning4j 1.0.0-M2.1 asks by reflection of a class that is no longer
 * where it looks.
 *
 * <p>Its oneDNN layer helpers call {@code org.nd4j.nativeblas.Nd4jCpu$Environment.getInstance()
 * .isUseMKLDNN()} before they switch themselves on. The native bindings moved to {@code
 * org.nd4j.linalg.cpu.nativecpu.bindings}, so the look-up fails and every helper is dropped without
 * a word: five to seven times slower. A class of the old name on the class path repairs it.
 */
public final class Nd4jCpu {
  private Nd4jCpu() {}

  /** The old environment, with the one question that is still asked of it. */
  public static final class Environment {
    private static final Environment INSTANCE = new Environment();

    private Environment() {}

    /** The one instance. */
    public static Environment getInstance() {
      return INSTANCE;
    }

    /**
     * Whether oneDNN may be used: always, as the natives this project depends on are built with it.
     */
    public boolean isUseMKLDNN() {
      return true;
    }
  }
}
