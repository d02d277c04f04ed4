package org.deepercluster.pipelines.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.deepercluster.pipelines.run.RunLock.Owner;
import org.deepercluster.stages.table.Files;
import org.deepercluster.stages.table.Json;
import org.deepercluster.stages.table.Paths;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(SharedFlink.class)
class RunLockTest {
  private static final String LONG_AGO = "2020-01-01T00:00:00Z";

  @TempDir Path run;

  private Path file() {
    return run.resolve("lock.json");
  }

  @Test
  void aSecondProcessIsRefusedWithOwnerAndAge() throws Exception {
    try (RunLock lock = RunLock.acquire(run.toString())) {
      assertThat(file()).exists();
      assertThatThrownBy(() -> RunLock.acquire(run.toString()))
          .isInstanceOf(RunLock.RunLockedException.class)
          .hasMessageContaining(run + " is in use by process " + ProcessHandle.current().pid())
          .hasMessageContaining(" on " + RunLock.hostName() + " since ")
          .hasMessageMatching("(?s).*\\(\\d+ s ago\\).*")
          .hasMessageContaining("delete " + file());
      assertThat(lock).isNotNull();
    }
    assertThat(file()).as("deleted at the end").doesNotExist();
    RunLock.acquire(run.toString()).close();
  }

  @Test
  void theLockOfADeadProcessOnThisHostIsTakenOver() throws Exception {
    Process child = new ProcessBuilder("sleep", "60").start();
    String started = child.info().startInstant().orElseThrow().toString();
    // renewed a moment ago: the process is known to be gone or alive, whatever the time says
    Owner owner = owner(RunLock.hostName(), child.pid(), started, Instant.now());
    Json.write(file().toString(), owner);
    assertThatThrownBy(() -> RunLock.acquire(run.toString()))
        .isInstanceOf(RunLock.RunLockedException.class)
        .hasMessageContaining("process " + child.pid());
    child.destroyForcibly().waitFor();
    RunLock.acquire(run.toString()).close();

    Owner reused =
        owner(
            RunLock.hostName(),
            ProcessHandle.current().pid(),
            "2020-01-01T00:00:00Z",
            Instant.now());
    Json.write(file().toString(), reused);
    RunLock.acquire(run.toString()).close();
    assertThat(file()).as("a process number that was given again").doesNotExist();
  }

  @Test
  void anOwnerElsewhereCountsAsDeadWhenItStopsRenewing() throws Exception {
    Instant now = Instant.now();
    Json.write(file().toString(), owner("elsewhere", 7, "x", now.minus(Duration.ofSeconds(60))));
    assertThatThrownBy(() -> RunLock.acquire(run.toString()))
        .isInstanceOf(RunLock.RunLockedException.class)
        .hasMessageContaining("process 7 on elsewhere");
    Json.write(
        file().toString(), owner("elsewhere", 7, "x", now.minus(RunLock.STALE).minusSeconds(1)));
    try (RunLock lock = RunLock.acquire(run.toString())) {
      assertThat(lock).isNotNull();
      assertThat(Json.read(file().toString(), Owner.class).host()).isEqualTo(RunLock.hostName());
    }
  }

  @Test
  void aLockThatSomebodyElseHoldsByNowIsLeftAloneAndEndsTheWork() throws Exception {
    RunLock lock = RunLock.acquire(run.toString());
    lock.renew();
    lock.requireHeld();
    Owner other = owner("elsewhere", 7, "x", Instant.now());
    Json.write(file().toString(), other);
    lock.renew();
    assertThat(lock.held()).isFalse();
    assertThatThrownBy(lock::requireHeld)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("process 7 on elsewhere has taken over this run");
    assertThat(Json.read(file().toString(), Owner.class)).isEqualTo(other);
    lock.close();
    assertThat(Json.read(file().toString(), Owner.class)).isEqualTo(other);
  }

  @Test
  void renewingKeepsTheOwnerAndEndsWithTheLock() throws Exception {
    RunLock lock = RunLock.acquire(run.toString());
    Owner before = Json.read(file().toString(), Owner.class);
    lock.renew();
    Owner after = Json.read(file().toString(), Owner.class);
    assertThat(after.id()).isEqualTo(before.id());
    assertThat(after.acquired()).isEqualTo(before.acquired());
    assertThat(Instant.parse(after.renewed())).isAfterOrEqualTo(Instant.parse(before.renewed()));
    lock.close();
    lock.renew();
    assertThat(file()).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "bucket://locks/"})
  void ofManyAtOnceOneGetsIt(String store) throws Exception {
    String directory = store.isEmpty() ? run.toString() : store + run.getFileName();
    String file = Paths.join(directory, "lock.json");
    int rivals = 6;
    ExecutorService pool = Executors.newFixedThreadPool(rivals);
    try {
      for (int round = 0; round < 20; round++) {
        if (round % 2 == 0) {
          Json.write(file, owner(RunLock.hostName(), 1, "long ago", Instant.now()));
        }
        if (round % 4 == 0 && !store.isEmpty()) {
          // its heir died too, before it had replaced it
          Owner heir = new Owner("heir", "elsewhere", 1, "x", LONG_AGO, LONG_AGO);
          Json.write(Paths.join(directory, "lock-other.json"), heir);
        }
        CyclicBarrier start = new CyclicBarrier(rivals);
        List<Future<RunLock>> tries = new ArrayList<>();
        for (int i = 0; i < rivals; i++) {
          tries.add(
              pool.submit(
                  () -> {
                    start.await();
                    try {
                      return RunLock.acquire(directory);
                    } catch (RunLock.RunLockedException e) {
                      return null;
                    }
                  }));
        }
        int holders = 0;
        for (Future<RunLock> t : tries) {
          if (t.get() != null) {
            holders++;
          }
        }
        assertThat(holders).as("round %d", round).isEqualTo(1);
        for (Future<RunLock> t : tries) {
          if (t.get() != null) {
            t.get().close();
          }
        }
        assertThat(Files.list(directory).stream().filter(f -> f.endsWith(".json"))).isEmpty();
      }
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void anUnreadableLockIsNamed() throws IOException {
    java.nio.file.Files.writeString(file(), "{");
    assertThatThrownBy(() -> RunLock.acquire(run.toString()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(file().toString());
  }

  private static Owner owner(String host, long pid, String started, Instant renewed) {
    return new Owner("other", host, pid, started, renewed.toString(), renewed.toString());
  }
}
