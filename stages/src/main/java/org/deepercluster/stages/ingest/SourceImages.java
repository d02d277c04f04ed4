package org.deepercluster.stages.ingest;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import org.deepercluster.stages.image.RejectedImageException;

/** The candidates of one unit, in its order. Used by one thread; closed by whoever opened it. */
public interface SourceImages extends Closeable {
  /**
   * The next candidate.
   *
   * @return null after the last one
   * @throws IOException if the collection itself cannot be read; a faulty image is not an exception
   *     but a rejection
   */
  SourceImage next() throws IOException;

  /**
   * The file of the candidate that {@link #next} gave last, as far as it can be had again.
   *
   * @throws RejectedImageException if it cannot, at once or while it is read
   */
  InputStream again() throws IOException;

  /** Files passed over so far because they neither are images nor claim to be. */
  long skipped();

  @Override
  void close() throws IOException;
}
