package org.deepercluster.stages.beam;

import java.lang.reflect.Field;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets go of the classes of jobs that have ended. Beam remembers, for as long as it is loaded, what
 * it found out about every {@code DoFn} class. On a cluster Beam is loaded by Flink and outlives
 * the job: each job would leave its class loader behind, until the worker has no metaspace left.
 */
final class BeamCaches {
  private static final Logger LOG = LoggerFactory.getLogger(BeamCaches.class);

  private static final String[][] CACHES = {
    {"org.apache.beam.sdk.transforms.reflect.DoFnSignatures", "signatureCache"},
    {
      "org.apache.beam.sdk.transforms.reflect.ByteBuddyDoFnInvokerFactory",
      "byteBuddyInvokerConstructorCache"
    }
  };

  private BeamCaches() {}

  /**
   * Forgets this project's classes in loaders that are closed. Those of a job that still runs must
   * stay: what Beam generated for them cannot be generated a second time when a unit is tried
   * again.
   */
  static void forgetEndedJobs() {
    ClassLoader own = BeamCaches.class.getClassLoader();
    ClassLoader beam = org.apache.beam.sdk.transforms.DoFn.class.getClassLoader();
    if (own == beam) {
      return;
    }
    for (String[] cache : CACHES) {
      try {
        Class<?> type = Class.forName(cache[0], true, beam);
        Field field = type.getDeclaredField(cache[1]);
        field.setAccessible(true);
        Object holder = null;
        if (!java.lang.reflect.Modifier.isStatic(field.getModifiers())) {
          Field instance = type.getDeclaredField("INSTANCE");
          instance.setAccessible(true);
          holder = instance.get(null);
        }
        Map<?, ?> map = (Map<?, ?>) field.get(holder);
        synchronized (map) {
          map.keySet()
              .removeIf(c -> c instanceof Class<?> k && k.getClassLoader() != own && ended(k));
        }
      } catch (ReflectiveOperationException | RuntimeException e) {
        LOG.warn("Beam's {} keeps this job's classes", cache[1], e);
      }
    }
  }

  private static boolean ended(Class<?> type) {
    String name = type.getName();
    return name.startsWith("org.deepercluster.")
        && type.getClassLoader().getResource(name.replace('.', '/') + ".class") == null;
  }
}
