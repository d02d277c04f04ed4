package org.deepercluster.natives;

import java.lang.reflect.Method;
import java.util.Optional;
import java.util.Properties;
import org.deeplearning4j.config.DL4JClassLoading;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.common.config.ND4JClassLoading;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOps;
import org.nd4j.nativeblas.NativeOpsHolder;

/**
 * Brings ND4J and Deeplearning4j up, in the one way that leaves their fast layers on, and says what
 * is active.
 *
 * <p>Every entry point of the program calls {@link #initialize()} before it touches ND4J. The class
 * belongs next to the ND4J jars (in Flink's {@code lib/}, not in a job's jar): the loaders it
 * installs are its own, so that a second job in the same process still finds the layer helpers when
 * the first job's class loader is closed.
 */
public final class NativeRuntime {
  /** Deeplearning4j's switch for its layer helpers; they are on only when it is {@code false}. */
  public static final String HELPERS_PROPERTY = "org.eclipse.deeplearning4j.helpers.disable";

  private static final String CPU_BACKEND = "org.nd4j.linalg.cpu.nativecpu.CpuBackend";
  private static final String CUDA_BACKEND = "org.nd4j.linalg.jcublas.JCublasBackend";

  // cudaDeviceAttr of the CUDA runtime
  private static final int COMPUTE_CAPABILITY_MAJOR = 75;
  private static final int COMPUTE_CAPABILITY_MINOR = 76;

  private NativeRuntime() {}

  /**
   * Loads the native backend. Idempotent and safe from any thread; the first call takes about a
   * second, later ones nothing.
   *
   * @throws IllegalStateException if no native backend can be loaded, with one line that says what
   *     is missing
   */
  public static void initialize() {
    Optional<Throwable> failure = Bringup.FAILURE;
    if (failure.isPresent()) {
      throw new IllegalStateException(explain(failure.get()), failure.get());
    }
  }

  /** The backend and what it computes with, such as {@code "CPU (OpenBLAS + oneDNN)"}. */
  public static String backend() {
    initialize();
    Properties environment = Nd4j.getExecutioner().getEnvironmentInformation();
    String backend = environment.getProperty("backend");
    if ("CPU".equals(backend)) {
      String blas = environment.getProperty("blas.vendor");
      String name = "OPENBLAS".equals(blas) ? "OpenBLAS" : String.valueOf(blas);
      return "CPU (" + name + (oneDnnActive() ? " + oneDNN" : ", oneDNN layers OFF") + ")";
    }
    return backend + " (cuBLAS + cuDNN)";
  }

  /** Whether ND4J computes on a CUDA device. */
  public static boolean isCuda() {
    initialize();
    return !Nd4j.getEnvironment().isCPU();
  }

  /**
   * Whether convolutions run in oneDNN: builds a small network and looks at the helper that its
   * convolution got. Always false on the CUDA backend.
   */
  public static boolean oneDnnActive() {
    initialize();
    if (!Nd4j.getEnvironment().isCPU() || !Nd4j.getEnvironment().helpersAllowed()) {
      return false;
    }
    MultiLayerNetwork probe =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .list()
                .layer(new ConvolutionLayer.Builder(3, 3).nOut(2).build())
                .layer(new GlobalPoolingLayer.Builder().build())
                .layer(new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build())
                .setInputType(InputType.convolutional(8, 8, 1))
                .build());
    probe.init();
    Object helper = probe.getLayer(0).getHelper();
    return helper != null && helper.getClass().getSimpleName().startsWith("MKLDNN");
  }

  /**
   * Pins the number of threads that native calls made by the calling thread may use.
   *
   * <p>OpenMP's number (oneDNN: convolutions, pooling) is a property of the calling thread, so that
   * each worker calls this once on its own thread; {@link #threads()} gives it back, to those who
   * spread their work over threads of their own. ND4J's own loops know one number per process:
   * workers in one process should ask for the same. OpenBLAS always has one thread (its idle
   * threads spin, which costs a training step more than they save): spread large products over
   * threads.
   *
   * @param threads at least 1; threads × workers in the process should not exceed the cores
   */
  public static void setThreads(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be at least 1, got " + threads);
    }
    initialize();
    if (!Nd4j.getEnvironment().isCPU()) {
      return;
    }
    NativeOpsHolder.getInstance().getDeviceNativeOps().setOmpNumThreads(threads);
    Nd4j.getEnvironment().setMaxThreads(threads);
    Nd4j.getEnvironment().setMaxMasterThreads(threads);
  }

  /**
   * Runs {@code body} with one native thread per call, then restores the calling thread's number:
   * for callers that spread the work over threads of their own. OpenBLAS keeps its number. On the
   * CUDA backend, where ND4J's number is that of a block's threads on the device, it only runs
   * {@code body}.
   */
  public static void singleThreaded(Runnable body) {
    initialize();
    if (!Nd4j.getEnvironment().isCPU()) {
      body.run();
      return;
    }
    NativeOps ops = NativeOpsHolder.getInstance().getDeviceNativeOps();
    int before = ops.ompGetMaxThreads();
    ops.setOmpNumThreads(1);
    try {
      body.run();
    } finally {
      ops.setOmpNumThreads(before);
    }
  }

  /**
   * The number of OpenMP threads that native calls of the calling thread may use; 1 on the CUDA
   * backend.
   */
  public static int threads() {
    initialize();
    if (!Nd4j.getEnvironment().isCPU()) {
      return 1;
    }
    return NativeOpsHolder.getInstance().getDeviceNativeOps().ompGetMaxThreads();
  }

  /**
   * One line on CUDA: what is there, or what is missing. Never throws.
   *
   * <p>Its cases: this build has no CUDA backend (name the Maven profile); it has, but no driver,
   * no device or no cuDNN library could be loaded (name the library), or ND4J has no kernels for a
   * device (name its compute capability); it is active.
   */
  public static String cudaReport() {
    if (!present(CUDA_BACKEND)) {
      return "CUDA: not in this build; build with `mvn -Pcuda package` to use a GPU";
    }
    Optional<Throwable> failure = Bringup.FAILURE;
    if (failure.isPresent()) {
      return "CUDA: " + explain(failure.get());
    }
    try {
      if (!isCuda()) {
        return "CUDA: in this build, but ND4J chose the CPU; see its log for the cause";
      }
      Properties environment = Nd4j.getExecutioner().getEnvironmentInformation();
      return "CUDA: active, " + environment.getOrDefault("cuda.availableDevices", 1) + " device(s)";
    } catch (RuntimeException | LinkageError e) {
      return "CUDA: " + explain(e);
    }
  }

  /** One line that says why the natives did not load: the innermost cause that names something. */
  static String explain(Throwable failure) {
    if (failure instanceof UnsupportedGpuException) {
      return failure.getMessage();
    }
    Throwable cause = failure;
    String detail = "";
    for (Throwable t = failure; t != null && t != t.getCause(); t = t.getCause()) {
      if (t.getMessage() != null && !t.getMessage().isBlank()) {
        cause = t;
        detail = t.getMessage().lines().findFirst().orElse("").strip();
        detail = detail.replaceFirst("^/\\S+: ", ""); // the file that could not be linked
      }
    }
    String what = cause.getClass().getSimpleName() + (detail.isEmpty() ? "" : ": " + detail);
    if (present(CUDA_BACKEND)) {
      return "no usable GPU: this build needs an NVIDIA driver (libcuda.so.1), CUDA 11.6 (libcudart,"
          + " libcublas, libcusolver, libcusparse) and cuDNN 8.3 on the library path ["
          + what
          + "]; without a GPU, build without `-Pcuda`";
    }
    if (!present(CPU_BACKEND)) {
      return "no ND4J backend on the class path; build with `mvn package`";
    }
    return "the CPU natives of ND4J could not be loaded ["
        + what
        + "]; the jar nd4j-native with this platform's classifier must be on the class path, and"
        + " the CPU must know AVX2";
  }

  /** Asks the CUDA runtime for devices, before ND4J does and prints its own stack traces. */
  private static void requireDevice(ClassLoader loader) throws ReflectiveOperationException {
    Class<?> runtime = Class.forName("org.bytedeco.cuda.global.cudart", true, loader);
    int[] count = {0};
    int error = (int) runtime.getMethod("cudaGetDeviceCount", int[].class).invoke(null, count);
    if (error != 0 || count[0] < 1) {
      throw new IllegalStateException(
          "the CUDA runtime finds no device (cudaGetDeviceCount: error " + error + ")");
    }
    Method attribute =
        runtime.getMethod("cudaDeviceGetAttribute", int[].class, int.class, int.class);
    for (int device = 0; device < count[0]; device++) {
      int[] major = {0};
      int[] minor = {0};
      error = (int) attribute.invoke(null, major, COMPUTE_CAPABILITY_MAJOR, device);
      if (error == 0) {
        error = (int) attribute.invoke(null, minor, COMPUTE_CAPABILITY_MINOR, device);
      }
      if (error != 0) {
        throw new IllegalStateException(
            "GPU " + device + " cannot be asked (cudaDeviceGetAttribute: error " + error + ")");
      }
      requireKernels(device, major[0], minor[0]);
    }
  }

  /**
   * Checks that ND4J's CUDA library has machine code for a device. It holds that of 3.7, 5.0, 5.2,
   * 6.0, 6.1, 7.0, 7.5, 8.0 and 8.6, which runs on devices of the same major and the same or a
   * higher minor number, and no PTX that the driver could compile for others.
   *
   * @param device number that CUDA gives the device
   * @param major of its compute capability
   * @param minor of its compute capability
   * @throws UnsupportedGpuException if it has none
   */
  static void requireKernels(int device, int major, int minor) {
    boolean covered = (major == 3 && minor >= 7) || (major >= 5 && major <= 8);
    if (!covered) {
      throw new UnsupportedGpuException(
          String.format(
              "unsupported GPU: device %d has compute capability %d.%d; the kernels of ND4J for CUDA"
                  + " 11.6 run on 3.7 and 5.0 to 8.9 only; hide the device"
                  + " (CUDA_VISIBLE_DEVICES) if there is another, or build without `-Pcuda`",
              device, major, minor));
    }
  }

  /** A device that ND4J has no kernels for. */
  static final class UnsupportedGpuException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    UnsupportedGpuException(String message) {
      super(message);
    }
  }

  private static boolean present(String className) {
    return NativeRuntime.class
            .getClassLoader()
            .getResource(className.replace('.', '/').concat(".class"))
        != null;
  }

  /** Runs once, when first asked, under the class initialiser's lock. */
  private static final class Bringup {
    static final Optional<Throwable> FAILURE = run();

    private static Optional<Throwable> run() {
      ClassLoader own = NativeRuntime.class.getClassLoader();
      Thread thread = Thread.currentThread();
      ClassLoader before = thread.getContextClassLoader();
      thread.setContextClassLoader(own);
      try {
        if (System.getProperty(HELPERS_PROPERTY) == null) {
          System.setProperty(HELPERS_PROPERTY, "false");
        }
        if (System.getProperty("org.nd4j.log.initialization") == null) {
          System.setProperty("org.nd4j.log.initialization", "false");
        }
        ND4JClassLoading.setNd4jClassloader(own);
        DL4JClassLoading.setDl4jClassloader(own);
        if (present(CUDA_BACKEND)) {
          requireDevice(own);
        }
        Nd4j.getBackend();
        if (Nd4j.getEnvironment().isCPU()) {
          Nd4j.factory().blas().setMaxThreads(1);
        }
        return Optional.empty();
      } catch (Throwable t) {
        if (t instanceof VirtualMachineError && !(t instanceof InternalError)) {
          throw (VirtualMachineError) t;
        }
        return Optional.of(t);
      } finally {
        thread.setContextClassLoader(before);
      }
    }
  }
}
