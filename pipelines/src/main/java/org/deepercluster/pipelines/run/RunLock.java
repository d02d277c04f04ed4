package org.deepercluster.pipelines.run;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Paths;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a second process out of a run. The owner renews the lock file's time; a lock is taken over
 * when its process on this host is gone, or when an owner elsewhere has not renewed it for {@link
 * #STALE}.
 */
public final class RunLock implements AutoCloseable {
  /** Name of the lock file in the run's folder. */
  static final String FILE = "lock.json";

  /** After this long without a renewal an owner on another host counts as dead. */
  static final Duration STALE = Duration.ofSeconds(90);

  private static final String GUARD = ".lock";
  private static final Duration RENEW = Duration.ofSeconds(15);
  private static final Logger LOG = LoggerFactory.getLogger(RunLock.class);

  /** Who holds the lock. */
  record Owner(
      @JsonProperty("id") String id,
      @JsonProperty("host") String host,
      @JsonProperty("pid") long pid,
      @JsonProperty("processStarted") String processStarted,
      @JsonProperty("acquired") String acquired,
      @JsonProperty("renewed") String renewed) {

    static Owner ofThisProcess() {
      ProcessHandle me = ProcessHandle.current();
      String now = Instant.now().toString();
      return new Owner(UUID.randomUUID().toString(), hostName(), me.pid(), startOf(me), now, now);
    }

    Owner renewedNow() {
      return new Owner(id, host, pid, processStarted, acquired, Instant.now().toString());
    }

    /** Whether the owner may still be at work. */
    boolean alive() {
      if (host.equals(hostName())) {
        return ProcessHandle.of(pid).map(p -> startOf(p).equals(processStarted)).orElse(false);
      }
      return Instant.parse(renewed).plus(STALE).isAfter(Instant.now());
    }

    private static String startOf(ProcessHandle p) {
      return p.info().startInstant().map(Instant::toString).orElse("unknown");
    }
  }

  private final String path;
  private final ScheduledExecutorService renewer;
  private Owner owner;
  private boolean closed;
  private volatile Owner heir;

  private RunLock(String path, Owner owner) {
    this.path = path;
    this.owner = owner;
    this.renewer =
        java.util.concurrent.Executors.newSingleThreadScheduledExecutor(
            r -> {
              Thread t = new Thread(r, "run-lock");
              t.setDaemon(true);
              return t;
            });
    var unused =
        renewer.scheduleAtFixedRate(
            this::renew, RENEW.toSeconds(), RENEW.toSeconds(), TimeUnit.SECONDS);
  }

  /**
   * Takes the lock of a run.
   *
   * @param directory URI of the run's folder
   * @throws RunLockedException when another process holds it
   */
  static RunLock acquire(String directory) throws IOException, RunLockedException {
    if (!Files.onDisk(directory)) {
      return takeInStore(directory);
    }
    // On a disk, looking at the lock and taking it is one step.
    java.nio.file.Path guard = java.nio.file.Path.of(directory, GUARD);
    java.nio.file.Files.createDirectories(guard.getParent());
    synchronized (RunLock.class) {
      try (FileChannel channel =
              FileChannel.open(guard, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock alone = channel.lock()) {
        return takeOnDisk(directory);
      }
    }
  }

  private static RunLock takeOnDisk(String directory) throws IOException, RunLockedException {
    String path = Paths.join(directory, FILE);
    Owner me = Owner.ofThisProcess();
    Owner holder = read(path);
    if (holder != null && holder.alive()) {
      throw new RunLockedException(directory, holder);
    }
    tell(directory, holder);
    Json.write(path, me);
    return new RunLock(path, me);
  }

  private static void tell(String directory, Owner dead) {
    if (dead != null) {
      LOG.info("taking over the lock of {} (process {} on {})", directory, dead.pid(), dead.host());
    }
  }

  /**
   * In a store the one thing that only one of several can do is to make a file that is not there.
   * That is how the lock is taken, and how the right to replace a dead owner is: by a file with the
   * name of that owner. Who got it looks once more, since the dead owner may have been replaced by
   * then, and that file be gone.
   */
  private static RunLock takeInStore(String directory) throws IOException, RunLockedException {
    String path = Paths.join(directory, FILE);
    Owner me = Owner.ofThisProcess();
    List<String> claims = new ArrayList<>();
    String at = path;
    Owner first = read(path);
    Owner holder = first;
    while (holder != null) {
      if (holder.alive()) {
        throw new RunLockedException(directory, holder);
      }
      at = Paths.join(directory, "lock-" + holder.id() + ".json");
      claims.add(at);
      holder = read(at);
    }
    tell(directory, first);
    try {
      Files.writeNew(at, Json.text(me));
    } catch (FileAlreadyExistsException e) {
      Owner other = read(at);
      throw new RunLockedException(directory, other == null ? me : other);
    }
    Owner now = read(path);
    if (first != null && now != null && now.id().equals(first.id())) {
      Json.write(path, me);
      now = read(path);
    }
    Files.delete(claims);
    if (now == null) {
      return takeInStore(directory); // given back meanwhile
    }
    if (!now.id().equals(me.id())) {
      throw new RunLockedException(directory, now);
    }
    return new RunLock(path, me);
  }

  /** Who has the lock of a run; null when nobody has. */
  static Owner holder(String directory) throws IOException {
    return read(Paths.join(directory, FILE));
  }

  /** Whether it is still this process's, as far as it knows. */
  boolean held() {
    return heir == null;
  }

  /**
   * Ends the work of a process that was away for so long that another one took the run.
   *
   * @throws IllegalStateException naming the other process
   */
  void requireHeld() {
    Owner other = heir;
    if (other != null) {
      throw new IllegalStateException(
          path
              + ": process "
              + other.pid()
              + " on "
              + other.host()
              + " has taken over this run, since this process was not heard of for "
              + STALE.toSeconds()
              + " s");
    }
  }

  /** Names this taking of the lock. */
  synchronized String id() {
    return owner.id();
  }

  private static Owner read(String path) throws IOException {
    if (!Files.exists(path)) {
      return null;
    }
    try {
      return Json.read(path, Owner.class);
    } catch (FileNotFoundException e) {
      return null;
    }
  }

  synchronized void renew() {
    if (closed) {
      return;
    }
    try {
      Owner holder = read(path);
      if (holder != null && !holder.id().equals(owner.id())) {
        LOG.error("{} was taken over by process {} on {}", path, holder.pid(), holder.host());
        heir = holder;
        return;
      }
      owner = owner.renewedNow();
      Json.write(path, owner);
    } catch (IOException | RuntimeException e) {
      LOG.warn("{} could not be renewed: {}", path, e.getMessage());
    }
  }

  @Override
  public synchronized void close() throws IOException {
    closed = true;
    renewer.shutdownNow();
    Owner holder = read(path);
    if (holder != null && holder.id().equals(owner.id())) {
      Files.delete(List.of(path));
    }
  }

  static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "localhost";
    }
  }

  /** Another process works on the run. */
  public static final class RunLockedException extends Exception {
    private static final long serialVersionUID = 1;

    RunLockedException(String directory, Owner owner) {
      super(
          String.format(
              "%s is in use by process %d on %s since %s (%d s ago); wait for it, end it, or, when it is"
                  + " surely gone, delete %s",
              directory,
              owner.pid(),
              owner.host(),
              owner.acquired(),
              Duration.between(Instant.parse(owner.acquired()), Instant.now()).toSeconds(),
              Paths.join(directory, FILE)));
    }
  }
}
