package org.deepercluster.storage;

import java.io.IOException;

/**
 * A store cannot be used as it is set up: it does not answer, does not know the bucket or refuses
 * the credentials. The message says what would be right; it never holds credentials.
 */
public final class StorageException extends IOException {
  private static final long serialVersionUID = 1;

  StorageException(String message, Throwable cause) {
    super(message, cause);
  }
}
