package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.io.Serializable;

/**
 * A part of a collection that is read on its own: what one worker turns into one Parquet file.
 * Holds all it needs to be read anywhere.
 */
public sealed interface SourceUnit extends Serializable
    permits IdxUnit, FolderUnit, ItemUnit, ParquetUnit, RecordUnit, YfccUnit {
  /** Position among the units of the collection, from 0. */
  int index();

  /** Candidates at most: fewer when files are skipped. */
  int size();

  /** Bytes to read, about. */
  long bytes();

  /** The file that it reads first. */
  String firstFile();

  /** Opens it; every call starts from its first candidate and gives the same. */
  SourceImages open() throws IOException;
}
