package org.deepercluster.stages.cluster;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.deepercluster.natives.NativeRuntime;

/** Units on threads of this process. */
final class LocalUnits implements Units, AutoCloseable {
  private final List<Workspace> workspaces = new ArrayList<>();
  private final ExecutorService threads;

  /**
   * Starts the threads.
   *
   * @param count at least 1; the results do not depend on it
   */
  LocalUnits(int count) {
    NativeRuntime.initialize();
    ClassLoader loader = Thread.currentThread().getContextClassLoader();
    this.threads =
        Executors.newFixedThreadPool(
            count,
            work -> {
              Thread t = new Thread(work, "clustering");
              t.setDaemon(true);
              t.setContextClassLoader(loader);
              return t;
            });
    for (int i = 0; i < count; i++) {
      workspaces.add(new Workspace());
    }
  }

  @Override
  public <U extends Serializable, R extends Serializable> List<R> run(
      String job, List<U> units, Step<U, R> step) throws Exception {
    List<R> results = new ArrayList<>(java.util.Collections.nCopies(units.size(), null));
    java.util.concurrent.atomic.AtomicInteger next =
        new java.util.concurrent.atomic.AtomicInteger();
    List<Future<?>> running = new ArrayList<>();
    for (Workspace w : workspaces) {
      running.add(
          threads.submit(
              () -> {
                NativeRuntime.setThreads(1);
                for (int i = next.getAndIncrement(); i < units.size(); i = next.getAndIncrement()) {
                  R result = step.apply(units.get(i), w);
                  synchronized (results) {
                    results.set(i, result);
                  }
                }
                return null;
              }));
    }
    Exception failed = null;
    for (Future<?> f : running) {
      try {
        f.get();
      } catch (ExecutionException e) {
        next.set(units.size());
        if (!(e.getCause() instanceof Exception cause)) {
          throw e;
        }
        failed = failed == null ? cause : failed;
      }
    }
    if (failed != null) {
      throw failed;
    }
    return results;
  }

  @Override
  public int parallelism() {
    return workspaces.size();
  }

  @Override
  public void close() {
    threads.shutdownNow();
    try {
      if (!threads.awaitTermination(1, TimeUnit.MINUTES)) {
        throw new IllegalStateException("clustering threads do not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    workspaces.forEach(Workspace::close);
  }
}
