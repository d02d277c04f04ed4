package org.deepercluster.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import software.amazon.awssdk.core.ResponseBytes;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * An object that is read piece by piece: each piece one request for its range of bytes, held in
 * memory. A file that is read from its beginning comes in growing pieces, so that a small one is
 * one request; after a jump only what is asked for is read, and a little more. All pieces are of
 * one version of the object.
 */
final class S3Reader implements SeekableByteChannel {
  private static final int FIRST = 4 << 20;
  private static final int SMALLEST = 256 << 10;
  private static final int LARGEST = 8 << 20;

  /** Read before a short piece after a jump, and with the length: there Parquet's footer lies. */
  private static final int BEFORE = 64 << 10;

  private final S3Client s3;
  private final S3Faults faults;
  private final StoredFile file;
  private boolean open = true;
  private long position;

  /** Length of the object; -1 until the first answer. */
  private long size = -1;

  private String version;
  private byte[] piece = {};
  private long pieceStart;
  private int next = FIRST;

  S3Reader(S3Client s3, S3Faults faults, StoredFile file) {
    this.s3 = s3;
    this.faults = faults;
    this.file = file;
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    requireOpen();
    if (!target.hasRemaining()) {
      return 0;
    }
    if (!held(position) && (size < 0 || position < size)) {
      fetch(target.remaining());
    }
    if (!held(position)) {
      return -1;
    }
    int from = (int) (position - pieceStart);
    int n = Math.min(target.remaining(), piece.length - from);
    target.put(piece, from, n);
    position += n;
    return n;
  }

  private boolean held(long at) {
    return at >= pieceStart && at < pieceStart + piece.length;
  }

  private void fetch(int wanted) throws IOException {
    boolean goesOn = position == pieceStart + piece.length;
    long from = position;
    int length;
    if (goesOn) {
      length = Math.max(wanted, next);
      next = Math.min(2 * next, LARGEST);
    } else {
      length = Math.max(wanted, SMALLEST);
      next = 2 * SMALLEST;
      if (wanted < BEFORE) {
        from = Math.max(0, position - BEFORE);
      }
    }
    get("bytes=" + from + "-" + (from + Math.min(length, LARGEST) - 1));
  }

  private void get(String range) throws IOException {
    try {
      ResponseBytes<GetObjectResponse> answer =
          s3.getObjectAsBytes(
              r -> r.bucket(file.authority()).key(file.path()).ifMatch(version).range(range));
      piece = answer.asByteArrayUnsafe();
      version = answer.response().eTag();
      String got = answer.response().contentRange();
      if (got == null) { // the whole object
        pieceStart = 0;
        size = piece.length;
      } else { // such as: bytes 100-199/1000
        pieceStart = Long.parseLong(got.substring(got.indexOf(' ') + 1, got.indexOf('-')));
        size = Long.parseLong(got.substring(got.indexOf('/') + 1));
      }
    } catch (S3Exception e) {
      switch (e.statusCode()) {
        case 404 -> {
          IOException fault = faults.of(file.uri(), e);
          throw fault instanceof StorageException ? fault : StoreFileSystem.missing(file, e);
        }
        case 412 -> throw new IOException(file + ": was written anew while it was read", e);
        case 416 -> size = length();
        default -> throw faults.of(file.uri(), e);
      }
    } catch (SdkException e) {
      throw faults.of(file.uri(), e);
    }
  }

  private long length() throws IOException {
    try {
      HeadObjectResponse head = s3.headObject(r -> r.bucket(file.authority()).key(file.path()));
      return head.contentLength();
    } catch (SdkException e) {
      throw faults.of(file.uri(), e);
    }
  }

  @Override
  public long position() throws IOException {
    requireOpen();
    return position;
  }

  @Override
  public SeekableByteChannel position(long newPosition) throws IOException {
    requireOpen();
    if (newPosition < 0) {
      throw new IllegalArgumentException("position " + newPosition);
    }
    position = newPosition;
    return this;
  }

  @Override
  public long size() throws IOException {
    requireOpen();
    if (size < 0) {
      // Who asks for it before reading wants the end first.
      get("bytes=-" + BEFORE);
    }
    return size;
  }

  private void requireOpen() throws ClosedChannelException {
    if (!open) {
      throw new ClosedChannelException();
    }
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public void close() {
    open = false;
    piece = new byte[0];
  }

  @Override
  public int write(ByteBuffer source) {
    throw new NonWritableChannelException();
  }

  @Override
  public SeekableByteChannel truncate(long newSize) {
    throw new NonWritableChannelException();
  }
}
