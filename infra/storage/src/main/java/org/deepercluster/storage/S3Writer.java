package org.deepercluster.storage;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * An object that is written front to back. Up to {@link #PART} bytes are sent in one request when
 * it is closed; a longer one part by part, so that no more than one part is in memory. Nothing is
 * seen of it before it is closed.
 */
final class S3Writer implements WritableByteChannel {
  /** S3 takes 10,000 parts: files up to 80 GB. */
  static final int PART = 8 << 20;

  private final S3Client s3;
  private final S3Faults faults;
  private final StoredFile file;
  private final String mimeType;
  private final boolean onlyNew;
  private final List<CompletedPart> parts = new ArrayList<>();
  private byte[] buffer = new byte[1 << 12];
  private int filled;
  private String upload;
  private boolean open = true;

  /**
   * A writer.
   *
   * @param onlyNew whether it is an error if the object exists when this one is complete
   */
  S3Writer(S3Client s3, S3Faults faults, StoredFile file, String mimeType, boolean onlyNew) {
    this.s3 = s3;
    this.faults = faults;
    this.file = file;
    this.mimeType = mimeType;
    this.onlyNew = onlyNew;
  }

  @Override
  public int write(ByteBuffer source) throws IOException {
    if (!open) {
      throw new ClosedChannelException();
    }
    int written = source.remaining();
    while (source.hasRemaining()) {
      if (filled == PART) {
        sendPart();
      }
      int n = Math.min(source.remaining(), PART - filled);
      if (filled + n > buffer.length) {
        buffer = Arrays.copyOf(buffer, Math.min(PART, Math.max(filled + n, 2 * buffer.length)));
      }
      source.get(buffer, filled, n);
      filled += n;
    }
    return written;
  }

  private RequestBody body() {
    byte[] bytes = buffer;
    int length = filled;
    return RequestBody.fromContentProvider(
        () -> new ByteArrayInputStream(bytes, 0, length), length, mimeType);
  }

  private void sendPart() throws IOException {
    try {
      if (upload == null) {
        upload =
            s3.createMultipartUpload(
                    r -> r.bucket(file.authority()).key(file.path()).contentType(mimeType))
                .uploadId();
      }
      int number = parts.size() + 1;
      String tag =
          s3.uploadPart(
                  r ->
                      r.bucket(file.authority())
                          .key(file.path())
                          .uploadId(upload)
                          .partNumber(number),
                  body())
              .eTag();
      parts.add(CompletedPart.builder().partNumber(number).eTag(tag).build());
      filled = 0;
    } catch (SdkException e) {
      throw failed(e);
    }
  }

  @Override
  public void close() throws IOException {
    if (!open) {
      return;
    }
    if (upload != null) {
      sendPart();
    }
    open = false;
    String only = onlyNew ? "*" : null;
    try {
      if (upload == null) {
        s3.putObject(
            r ->
                r.bucket(file.authority()).key(file.path()).contentType(mimeType).ifNoneMatch(only),
            body());
      } else {
        s3.completeMultipartUpload(
            r ->
                r.bucket(file.authority())
                    .key(file.path())
                    .uploadId(upload)
                    .multipartUpload(m -> m.parts(parts))
                    .ifNoneMatch(only));
      }
    } catch (SdkException e) {
      throw failed(e);
    } finally {
      buffer = new byte[0];
    }
  }

  /** Ends the upload, so that its parts are not kept for ever. */
  private IOException failed(SdkException e) {
    open = false;
    IOException fault =
        onlyNew && e instanceof S3Exception s && (s.statusCode() == 412 || s.statusCode() == 409)
            ? StoreFileSystem.exists(file, e)
            : faults.of(file.uri(), e);
    if (upload != null) {
      try {
        s3.abortMultipartUpload(r -> r.bucket(file.authority()).key(file.path()).uploadId(upload));
      } catch (SdkException other) {
        fault.addSuppressed(other);
      }
    }
    return fault;
  }

  @Override
  public boolean isOpen() {
    return open;
  }
}
