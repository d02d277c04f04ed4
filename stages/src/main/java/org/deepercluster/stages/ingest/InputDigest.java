package org.deepercluster.stages.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * What a collection was when it was listed. Two listings of the same files have the same digest.
 *
 * <p>Small collections ({@link #byContent}) are known by names, sizes and contents: a copy
 * elsewhere has the same digest. Larger ones are known by names, sizes and times of last change,
 * since reading them only to know them would take as long as the work itself. Class names are part
 * of both.
 *
 * @param sha256 64 hexadecimal digits
 * @param basis {@code content} or {@code names, sizes, times}
 * @param files files
 * @param bytes their sizes together
 */
public record InputDigest(String sha256, String basis, long files, long bytes)
    implements Serializable {
  /** Most bytes of a collection known by its content: 64 MiB. */
  public static final long MAX_CONTENT_BYTES = 64L << 20;

  /** Most files of a collection known by its content. */
  public static final long MAX_CONTENT_FILES = 10_000;

  static boolean byContent(long files, long bytes) {
    return files <= MAX_CONTENT_FILES && bytes <= MAX_CONTENT_BYTES;
  }

  /**
   * Digest of files below a folder.
   *
   * @param root the folder
   * @param words what else tells the collection from others: names of its classes
   */
  static InputDigest of(String root, List<Storage.Entry> files, List<String> words)
      throws IOException {
    long bytes = files.stream().mapToLong(Storage.Entry::size).sum();
    boolean content = byContent(files.size(), bytes);
    Builder digest = new Builder(content);
    for (Storage.Entry file : files) {
      byte[] sha = content ? sha256(Storage.join(root, file.name())) : null;
      digest.file(file.name(), file.size(), file.modifiedMillis(), sha);
    }
    words.forEach(digest::add);
    return digest.build();
  }

  private static byte[] sha256(String path) throws IOException {
    MessageDigest sha = newSha256();
    try (InputStream in = new DigestInputStream(Storage.open(path, 0), sha)) {
      in.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      if (!FolderUnit.isFaultOfFile(path, e)) {
        throw e;
      }
    }
    return sha.digest();
  }

  static MessageDigest newSha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** First 16 bytes of SHA-256 of a name within a collection, in hexadecimal. */
  static String imageId(String name) {
    return HexFormat.of().formatHex(newSha256().digest(name.getBytes(UTF_8)), 0, 16);
  }

  /** Collects the parts of a digest, each with its length so that no two sequences look alike. */
  static final class Builder {
    private final MessageDigest sha = newSha256();
    private final boolean content;
    private long files;
    private long bytes;

    Builder(boolean content) {
      this.content = content;
    }

    void add(String word) {
      byte[] b = word.getBytes(UTF_8);
      add(b.length);
      sha.update(b);
    }

    /** A file; {@code contentSha256} is null when the collection is not known by content. */
    void file(String name, long size, long modifiedMillis, byte[] contentSha256) {
      add(name);
      add(size);
      if (content) {
        sha.update(contentSha256);
      } else {
        add(modifiedMillis);
      }
      files++;
      bytes += size;
    }

    private void add(long value) {
      for (int shift = 56; shift >= 0; shift -= 8) {
        sha.update((byte) (value >>> shift));
      }
    }

    InputDigest build() {
      return new InputDigest(
          HexFormat.of().formatHex(sha.digest()),
          content ? "content" : "names, sizes, times",
          files,
          bytes);
    }
  }
}
