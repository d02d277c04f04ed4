package org.deepercluster.stages.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.regex.Pattern;
import org.apache.beam.sdk.io.FileSystem;
import org.apache.beam.sdk.io.FileSystemRegistrar;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.io.fs.CreateOptions;
import org.apache.beam.sdk.io.fs.MatchResult;
import org.apache.beam.sdk.io.fs.MatchResult.Metadata;
import org.apache.beam.sdk.io.fs.MoveOptions;
import org.apache.beam.sdk.io.fs.ResolveOptions;
import org.apache.beam.sdk.io.fs.ResolveOptions.StandardResolveOptions;
import org.apache.beam.sdk.io.fs.ResourceId;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;

/**
 * An object store in memory, {@code bucket://name/key}: as in S3 there are no folders, and keys of
 * a "folder" come from a listing by prefix. Channels of the bucket {@code seekable} can seek, as
 * those of Beam's S3, GCS and HDFS connectors can; the others cannot. Later registrations of the
 * pipeline's file systems keep its objects.
 */
public final class BucketFileSystem extends FileSystem<BucketFileSystem.Key> {
  private static final Map<String, byte[]> OBJECTS = new ConcurrentSkipListMap<>();

  /** Makes the scheme known to Beam, empty. */
  public static void start() {
    OBJECTS.clear();
    FileSystems.setDefaultPipelineOptions(PipelineOptionsFactory.create());
  }

  /** Keys of all objects, sorted. */
  public static List<String> keys() {
    return List.copyOf(OBJECTS.keySet());
  }

  /** Stores an object. */
  public static void put(String key, byte[] bytes) {
    OBJECTS.put(key, bytes);
  }

  /** Found by Beam through the list of services. */
  public static final class Registrar implements FileSystemRegistrar {
    @Override
    public Iterable<FileSystem<?>> fromOptions(PipelineOptions options) {
      return List.of(new BucketFileSystem());
    }
  }

  record Key(String name) implements ResourceId {
    @Override
    public ResourceId resolve(String other, ResolveOptions options) {
      boolean folder = options.equals(StandardResolveOptions.RESOLVE_DIRECTORY);
      return new Key(Storage.join(name, other) + (folder ? "/" : ""));
    }

    @Override
    public ResourceId getCurrentDirectory() {
      return new Key(Storage.folderOf(name));
    }

    @Override
    public String getScheme() {
      return "bucket";
    }

    @Override
    public String getFilename() {
      return Storage.nameOf(name);
    }

    @Override
    public boolean isDirectory() {
      return name.endsWith("/");
    }

    @Override
    public String toString() {
      return name;
    }
  }

  @Override
  protected List<MatchResult> match(List<String> specs) {
    List<MatchResult> results = new ArrayList<>();
    for (String spec : specs) {
      String regex =
          Pattern.quote(spec)
              .replace("**", "\\E.*\\Q")
              .replaceAll("(?<!\\.)\\*", "\\\\E[^/]*\\\\Q");
      List<Metadata> found = new ArrayList<>();
      OBJECTS.forEach(
          (key, bytes) -> {
            if (key.matches(regex)) {
              found.add(
                  Metadata.builder()
                      .setResourceId(new Key(key))
                      .setSizeBytes(bytes.length)
                      .setLastModifiedMillis(7)
                      .setIsReadSeekEfficient(false)
                      .build());
            }
          });
      results.add(
          found.isEmpty()
              ? MatchResult.create(
                  MatchResult.Status.NOT_FOUND, new FileNotFoundException(spec + ": no such key"))
              : MatchResult.create(MatchResult.Status.OK, found));
    }
    return results;
  }

  @Override
  protected ReadableByteChannel open(Key key) throws IOException {
    byte[] bytes = OBJECTS.get(key.name());
    if (bytes == null) {
      throw new FileNotFoundException(key.name());
    }
    if (new String(bytes, UTF_8).equals("broken connection")) {
      throw new IOException("connection reset");
    }
    return key.name().startsWith("bucket://seekable/")
        ? new SeekableBytes(bytes)
        : Channels.newChannel(new ByteArrayInputStream(bytes));
  }

  private static final class SeekableBytes implements SeekableByteChannel {
    private final ByteBuffer bytes;
    private boolean open = true;

    SeekableBytes(byte[] bytes) {
      this.bytes = ByteBuffer.wrap(bytes);
    }

    @Override
    public int read(ByteBuffer target) {
      if (!bytes.hasRemaining()) {
        return -1;
      }
      int n = Math.min(bytes.remaining(), target.remaining());
      target.put(bytes.slice().limit(n));
      bytes.position(bytes.position() + n);
      return n;
    }

    @Override
    public int write(ByteBuffer source) {
      throw new NonWritableChannelException();
    }

    @Override
    public long position() {
      return bytes.position();
    }

    @Override
    public SeekableByteChannel position(long position) {
      bytes.position(Math.toIntExact(position));
      return this;
    }

    @Override
    public long size() {
      return bytes.limit();
    }

    @Override
    public SeekableByteChannel truncate(long size) {
      throw new NonWritableChannelException();
    }

    @Override
    public boolean isOpen() {
      return open;
    }

    @Override
    public void close() {
      open = false;
    }
  }

  @Override
  protected WritableByteChannel create(Key key, CreateOptions options) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    WritableByteChannel channel = Channels.newChannel(bytes);
    return new WritableByteChannel() {
      @Override
      public int write(ByteBuffer source) throws IOException {
        return channel.write(source);
      }

      @Override
      public boolean isOpen() {
        return channel.isOpen();
      }

      @Override
      public void close() throws IOException {
        if (!channel.isOpen()) {
          return;
        }
        channel.close();
        if (!Boolean.TRUE.equals(options.expectFileToNotExist())) {
          OBJECTS.put(key.name(), bytes.toByteArray());
        } else if (OBJECTS.putIfAbsent(key.name(), bytes.toByteArray()) != null) {
          throw new FileAlreadyExistsException(key.name());
        }
      }
    };
  }

  @Override
  protected void copy(List<Key> from, List<Key> to) {
    for (int i = 0; i < from.size(); i++) {
      OBJECTS.put(to.get(i).name(), OBJECTS.get(from.get(i).name()));
    }
  }

  @Override
  protected void rename(List<Key> from, List<Key> to, MoveOptions... options) {
    copy(from, to);
    delete(from);
  }

  @Override
  protected void delete(Collection<Key> keys) {
    keys.forEach(key -> OBJECTS.remove(key.name()));
  }

  @Override
  protected Key matchNewResource(String spec, boolean isDirectory) {
    return new Key(isDirectory ? Storage.join(spec, "") : spec);
  }

  @Override
  protected String getScheme() {
    return "bucket";
  }
}
