package org.deepercluster.stages.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.deepercluster.stages.config.Seeds;
import org.deepercluster.stages.table.Columns;
import org.deepercluster.stages.table.Part;
import org.deepercluster.stages.table.TableWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DuplicateSearchTest {
  @TempDir Path folder;

  @Test
  void findsExactlyThePairsWithinTheDistance() {
    long[] hashes = hashes(600);
    int[] found = new int[hashes.length];
    Arrays.fill(found, -1);
    for (int band = 0; band < DuplicateSearch.BANDS; band++) {
      earliest(found, DuplicateSearch.near(hashes, band));
    }
    int pairs = 0;
    for (int i = 0; i < hashes.length; i++) {
      int expected = -1;
      for (int j = i - 1; j >= 0; j--) {
        if (Long.bitCount(hashes[i] ^ hashes[j]) <= DuplicateSearch.MAX_DISTANCE) {
          expected = j;
        }
      }
      pairs += expected >= 0 ? 1 : 0;
      assertThat(found[i]).as("image %d", i).isEqualTo(expected);
    }
    assertThat(pairs).isGreaterThan(100);
  }

  @Test
  void aFullBandIsComparedWithinAWindow() {
    int n = DuplicateSearch.WINDOW + 10;
    // all alike in band 3; hash 1 << 16 differs from 0 in one bit but lies beyond the window
    long[] hashes = new long[n];
    for (int i = 0; i < n - 1; i++) {
      hashes[i] = i;
    }
    hashes[n - 1] = 1L << 16;
    assertThat(DuplicateSearch.near(hashes, 3)[n - 1]).isNotEqualTo(0);
    assertThat(DuplicateSearch.near(new long[] {0, 1L << 16}, 3)).containsExactly(-1, 0);
  }

  @Test
  void sameContentIsFoundWhateverItsHashIs() {
    assertThat(DuplicateSearch.exact(new long[] {5, 3, 5, 5, 3}, new long[] {1, 1, 2, 1, 1}))
        .containsExactly(-1, -1, -1, 0, 1);
    assertThat(DuplicateSearch.exact(new long[0], new long[0])).isEmpty();
    assertThat(DuplicateSearch.near(new long[0], 0)).isEmpty();
  }

  @Test
  void partitionsFindWhatTheWholeFinds() throws Exception {
    long[] hashes = hashes(300);
    List<Part> files = new ArrayList<>();
    for (int f = 0; f < 3; f++) {
      int from = 100 * f;
      boolean[] comparable = new boolean[100];
      for (int i = 0; i < 100; i++) {
        comparable[i] = (from + i) % 7 != 0;
      }
      files.add(
          TableWriter.write(
              folder.toString(),
              2 * f, // an index is missing where all images of a file were rejected
              Columns.of(IngestTables.HASHES, 100)
                  .set(
                      "image_id",
                      IntStream.range(from, from + 100)
                          .mapToObj(i -> "i" + i)
                          .toArray(String[]::new))
                  .set("content", Arrays.copyOfRange(hashes, from, from + 100))
                  .set("content_low", new long[100])
                  .set("comparable", comparable)
                  .set("perceptual", Arrays.copyOfRange(hashes, from, from + 100))
                  .build()));
    }
    for (int band = DuplicateSearch.CONTENT; band < DuplicateSearch.BANDS; band++) {
      List<String> whole = found(files, band, 1);
      assertThat(whole).isNotEmpty();
      assertThat(found(files, band, 4)).containsExactlyInAnyOrderElementsOf(whole);
    }
    assertThat(FindDuplicates.count(files, 299)).isEqualTo(2);
    assertThat(FindDuplicates.count(files, 300)).isEqualTo(1);
  }

  private static List<String> found(List<Part> files, int band, int partitions) throws Exception {
    List<String> found = new ArrayList<>();
    for (int p = 0; p < partitions; p++) {
      HashRows rows = HashRows.read(files, band, p, partitions);
      int[] first =
          band == DuplicateSearch.CONTENT
              ? DuplicateSearch.exact(rows.key, rows.low)
              : DuplicateSearch.near(rows.key, band);
      for (int i = 0; i < first.length; i++) {
        assertThat(rows.id[i]).isEqualTo("i" + rows.ordinal[i]);
        assertThat(rows.block[i]).isEqualTo(2 * (int) (rows.ordinal[i] / 100));
        if (first[i] >= 0) {
          found.add(rows.id[i] + " " + rows.id[first[i]]);
        }
      }
    }
    return found;
  }

  /** Random ones, half of them with up to 5 bits changed from an earlier one. */
  private static long[] hashes(int n) {
    SplittableRandom random = Seeds.random(5);
    long[] hashes = new long[n];
    for (int i = 0; i < n; i++) {
      if (i % 2 == 0) {
        hashes[i] = random.nextLong();
      } else {
        hashes[i] = hashes[random.nextInt(i)];
        for (int flips = random.nextInt(6); flips > 0; flips--) {
          hashes[i] ^= 1L << random.nextInt(64);
        }
      }
    }
    return hashes;
  }

  private static void earliest(int[] found, int[] more) {
    for (int i = 0; i < found.length; i++) {
      if (more[i] >= 0 && (found[i] < 0 || more[i] < found[i])) {
        found[i] = more[i];
      }
    }
  }
}
