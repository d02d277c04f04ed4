package org.deepercluster.stages.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class EpochBatchesTest {
  /** Two values per draw: its position, and the position negated. */
  private static final BatchSource POSITIONS =
      (begin, end, x) -> {
        for (int i = begin; i < end; i++) {
          x[2 * (i - begin)] = i;
          x[2 * (i - begin) + 1] = -i;
        }
      };

  private static EpochBatches open(int n, int batchSize, BatchSource source, int threads) {
    int[] s = IntStream.range(0, n).map(i -> i % 8).toArray();
    int[] z = IntStream.range(0, n).map(i -> i % 5).toArray();
    return EpochBatches.open(
        s, z, batchSize, 2, source, 0, EpochBatches.count(n, batchSize), threads);
  }

  /** With H heads a batch has the H targets of each of its draws. */
  @Test
  void everyDrawKeepsTheTargetsOfAllItsHeads() {
    int n = 10;
    int heads = 3;
    int[] z = IntStream.range(0, n * heads).toArray();
    int seen = 0;
    try (EpochBatches batches = EpochBatches.open(new int[n], z, 4, 2, POSITIONS, 0, 3, 1)) {
      while (batches.hasNext()) {
        Batch batch = batches.next();
        assertThat(batch.subClass()).hasSize(heads * batch.size());
        for (int value : batch.subClass()) {
          assertThat(value).isEqualTo(seen++);
        }
      }
    }
    assertThat(seen).isEqualTo(n * heads);
    assertThatThrownBy(() -> EpochBatches.open(new int[4], new int[6], 4, 2, POSITIONS, 0, 1, 0))
        .hasMessage("4 super-classes for 6 sub-classes");
    assertThatThrownBy(() -> EpochBatches.open(new int[4], new int[0], 4, 2, POSITIONS, 0, 1, 0))
        .hasMessage("4 super-classes for 0 sub-classes");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 4, ''",
    "1, 4, 1",
    "3, 4, 3",
    "8, 4, 4 4",
    "9, 4, 4 5",
    "10, 4, 4 4 2",
    "5, 4, 5",
    "3, 1, 1 1 1",
  })
  void everyDrawIsInOneBatchAndNoneIsAloneAtTheEnd(int n, int batchSize, String sizes) {
    List<String> got = new ArrayList<>();
    int position = 0;
    try (EpochBatches batches = open(n, batchSize, POSITIONS, 0)) {
      while (batches.hasNext()) {
        Batch batch = batches.next();
        assertThat(batch.index()).isEqualTo(got.size());
        assertThat(batch.x()).hasSize(2 * batch.size());
        for (int i = 0; i < batch.size(); i++, position++) {
          assertThat(batch.x()[2 * i]).isEqualTo(position);
          assertThat(batch.superClass()[i]).isEqualTo(position % 8);
          assertThat(batch.subClass()[i]).isEqualTo(position % 5);
        }
        got.add(String.valueOf(batch.size()));
      }
      assertThatThrownBy(batches::next).isInstanceOf(NoSuchElementException.class);
    }
    assertThat(position).isEqualTo(n);
    assertThat(String.join(" ", got)).isEqualTo(sizes);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void threadsChangeNeitherOrderNorContent(int threads) {
    int n = 103;
    try (EpochBatches plain = open(n, 5, POSITIONS, 0);
        EpochBatches ahead = open(n, 5, POSITIONS, threads)) {
      while (plain.hasNext()) {
        assertThat(ahead.next()).usingRecursiveComparison().isEqualTo(plain.next());
      }
      assertThat(ahead.hasNext()).isFalse();
    }
  }

  @Test
  void givesARangeOfBatches() {
    try (EpochBatches batches =
        EpochBatches.open(new int[10], new int[10], 3, 2, POSITIONS, 1, 3, 1)) {
      assertThat(batches.next().x()[0]).isEqualTo(3f);
      assertThat(batches.next()).satisfies(b -> assertThat(b.size()).isEqualTo(4));
      assertThat(batches.hasNext()).isFalse();
    }
  }

  @Test
  void makesABoundedNumberOfBatchesAhead() {
    AtomicInteger made = new AtomicInteger();
    BatchSource counting = (begin, end, x) -> made.incrementAndGet();
    try (EpochBatches batches = open(100, 2, counting, 1)) {
      for (int i = 1; i <= 20; i++) {
        batches.next();
        assertThat(made.get()).isBetween(i, i + 2);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void aFailureComesAtItsOwnBatch(int threads) {
    BatchSource failing =
        (begin, end, x) -> {
          if (begin == 6) {
            throw new IOException("photo.jpg: truncated");
          }
        };
    try (EpochBatches batches = open(20, 2, failing, threads)) {
      for (int i = 0; i < 3; i++) {
        assertThat(batches.next().index()).isEqualTo(i);
      }
      assertThatThrownBy(batches::next)
          .isInstanceOf(UncheckedIOException.class)
          .hasMessage("batch 3 (draws 6 to 7): photo.jpg: truncated");
      assertThat(batches.hasNext()).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void otherFailuresComeAsTheyAre(int threads) {
    BatchSource failing =
        (begin, end, x) -> {
          throw new IllegalArgumentException("crop outside the image");
        };
    try (EpochBatches batches = open(20, 2, failing, threads)) {
      assertThatThrownBy(batches::next)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("crop outside the image");
    }
  }

  @Test
  void closingEndsTheThreadsInTheMiddleOfABatch() throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    AtomicInteger running = new AtomicInteger();
    BatchSource endless =
        (begin, end, x) -> {
          if (begin == 0) {
            return;
          }
          running.incrementAndGet();
          begun.countDown();
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException e) {
            running.decrementAndGet();
            throw new IOException("closed", e);
          }
        };
    EpochBatches batches = open(20, 2, endless, 2);
    batches.next();
    begun.await();
    batches.close();
    assertThat(running.get()).isZero();
    assertThat(batches.hasNext()).isFalse();
    batches.close();
  }

  @Test
  void refusesNumbersOutOfRange() {
    assertThatThrownBy(() -> EpochBatches.count(5, 0)).hasMessageContaining("batches of 0");
    assertThatThrownBy(() -> EpochBatches.open(new int[4], new int[4], 2, 2, POSITIONS, 0, 3, 0))
        .hasMessage("batches 0 to 3 of a share of 2");
    assertThatThrownBy(() -> EpochBatches.open(new int[4], new int[3], 2, 2, POSITIONS, 0, 1, 0))
        .hasMessageContaining("4 super-classes for 3");
    assertThatThrownBy(() -> EpochBatches.open(new int[4], new int[4], 2, 0, POSITIONS, 0, 1, 0))
        .hasMessageContaining("inputSize");
  }
}
