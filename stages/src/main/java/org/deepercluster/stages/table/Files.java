package org.deepercluster.stages.table;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.io.fs.CreateOptions;
import org.apache.beam.sdk.io.fs.EmptyMatchTreatment;
import org.apache.beam.sdk.io.fs.MatchResult;
import org.apache.beam.sdk.io.fs.ResourceId;
import org.deepercluster.storage.Connectors;
import org.deepercluster.storage.StorageException;

/** Whole-file operations on any Beam file system. */
public final class Files {
  private static final String MIME_TYPE = "application/octet-stream";
  private static final CreateOptions CREATE =
      CreateOptions.StandardCreateOptions.builder().setMimeType(MIME_TYPE).build();
  private static final CreateOptions CREATE_NEW =
      CreateOptions.StandardCreateOptions.builder()
          .setMimeType(MIME_TYPE)
          .setExpectFileToNotExist(true)
          .build();

  private Files() {}

  /** Whether a path is one of the local disk, or of a folder that is mounted as one. */
  public static boolean onDisk(String path) throws IOException {
    return "file".equals(resource(path, false).getScheme());
  }

  /**
   * A path as Beam knows it.
   *
   * @throws StorageException naming the jar that is missing, when no connector knows its scheme
   */
  public static ResourceId resource(String path, boolean directory) throws IOException {
    Connectors.require(path);
    return FileSystems.matchNewResource(path, directory);
  }

  /**
   * Writes a small file under a temporary name and renames it, so that a reader sees all of it or
   * nothing (on object stores an upload is atomic already).
   */
  public static void write(String path, byte[] content) throws IOException {
    ResourceId target = resource(path, false);
    if (!onDisk(path)) {
      put(target, CREATE, content);
      return;
    }
    ResourceId temporary =
        resource(path + "." + UUID.randomUUID().toString().substring(0, 8) + ".tmp", false);
    put(temporary, CREATE, content);
    java.nio.file.Files.move(
        java.nio.file.Path.of(temporary.toString()),
        java.nio.file.Path.of(target.toString()),
        java.nio.file.StandardCopyOption.ATOMIC_MOVE,
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
  }

  /**
   * Writes a small file in a store if there is none of its name: of several who try, one succeeds,
   * in stores that know such requests.
   *
   * @param path not on the local disk
   * @throws java.nio.file.FileAlreadyExistsException when there is one
   */
  public static void writeNew(String path, String content) throws IOException {
    put(resource(path, false), CREATE_NEW, content.getBytes(StandardCharsets.UTF_8));
  }

  private static void put(ResourceId target, CreateOptions options, byte[] content)
      throws IOException {
    try (WritableByteChannel out = FileSystems.create(target, options)) {
      ByteBuffer b = ByteBuffer.wrap(content);
      while (b.hasRemaining()) {
        out.write(b);
      }
    }
  }

  /** Writes a small text file in UTF-8. */
  public static void write(String path, String content) throws IOException {
    write(path, content.getBytes(StandardCharsets.UTF_8));
  }

  /** Reads a whole file. */
  public static byte[] read(String path) throws IOException {
    try (InputStream in = open(path)) {
      return in.readAllBytes();
    }
  }

  /**
   * Opens a file for reading.
   *
   * @throws FileNotFoundException when there is none, here or where it is first read
   */
  public static InputStream open(String path) throws IOException {
    return Channels.newInputStream(channel(path));
  }

  /** Opens a file for reading; where the file system can, the channel seeks. */
  static ReadableByteChannel channel(String path) throws IOException {
    try {
      return FileSystems.open(resource(path, false));
    } catch (NoSuchFileException e) {
      FileNotFoundException missing = new FileNotFoundException(path + ": no such file");
      missing.initCause(e);
      throw missing;
    }
  }

  /** Whether there is a file of this name. */
  public static boolean exists(String path) throws IOException {
    Connectors.require(path);
    try {
      FileSystems.matchSingleFileSpec(path);
      return true;
    } catch (FileNotFoundException e) {
      return false;
    }
  }

  /** Paths of all files below a folder, sorted; none when it does not exist. */
  public static List<String> list(String directory) throws IOException {
    return match(directory, "**");
  }

  /**
   * Paths of the files below a folder that a pattern matches, sorted. On a local disk the folder is
   * taken as it is, with characters such as {@code [} that mean something in patterns.
   *
   * @param directory URI of the folder; need not exist
   * @param pattern relative to it; {@code *} stands for any part of a name, {@code **} for any path
   */
  public static List<String> match(String directory, String pattern) throws IOException {
    List<String> found = new ArrayList<>();
    ResourceId id = resource(directory, true);
    if ("file".equals(id.getScheme())) {
      matchLocal(java.nio.file.Path.of(id.toString()), pattern, found);
    } else {
      String glob = Paths.join(directory, pattern);
      for (MatchResult.Metadata m : FileSystems.match(glob, EmptyMatchTreatment.ALLOW).metadata()) {
        found.add(m.resourceId().toString());
      }
    }
    found.sort(Comparator.naturalOrder());
    return found;
  }

  private static void matchLocal(java.nio.file.Path root, String pattern, List<String> found)
      throws IOException {
    if (!java.nio.file.Files.isDirectory(root)) {
      return;
    }
    java.nio.file.Path real = root.toRealPath();
    java.nio.file.PathMatcher matcher = real.getFileSystem().getPathMatcher("glob:" + pattern);
    int depth =
        pattern.contains("**") ? Integer.MAX_VALUE : java.nio.file.Path.of(pattern).getNameCount();
    java.nio.file.Files.walkFileTree(
        real,
        Set.of(),
        depth,
        new java.nio.file.SimpleFileVisitor<>() {
          @Override
          public java.nio.file.FileVisitResult visitFile(
              java.nio.file.Path file, java.nio.file.attribute.BasicFileAttributes attributes) {
            java.nio.file.Path below = real.relativize(file);
            if (!attributes.isDirectory() && matcher.matches(below)) {
              found.add(root.resolve(below).toString());
            }
            return java.nio.file.FileVisitResult.CONTINUE;
          }

          @Override
          public java.nio.file.FileVisitResult visitFileFailed(
              java.nio.file.Path file, IOException e) throws IOException {
            if (e instanceof java.nio.file.NoSuchFileException) {
              // Renamed or deleted since its folder was read.
              return java.nio.file.FileVisitResult.CONTINUE;
            }
            throw e;
          }
        });
  }

  /** Deletes files; those that are gone already are no fault. */
  public static void delete(List<String> paths) throws IOException {
    List<ResourceId> ids = new ArrayList<>();
    for (String p : paths) {
      ids.add(resource(p, false));
    }
    if (!ids.isEmpty()) {
      // Beam's option to ignore missing files asks for each first; file systems do not mind them.
      FileSystems.delete(ids);
    }
  }

  /** Renames a file; where the file system cannot, it is copied and the old one deleted. */
  public static void move(String from, String to) throws IOException {
    FileSystems.rename(List.of(resource(from, false)), List.of(resource(to, false)));
  }

  /** Deletes all files below a folder, and on a local disk the folder. */
  public static void deleteTree(String directory) throws IOException {
    delete(list(directory));
    pruneEmpty(directory);
  }

  /**
   * On a local disk, deletes folders without files below {@code directory}, and itself if empty.
   */
  public static void pruneEmpty(String directory) throws IOException {
    java.nio.file.Path root = java.nio.file.Path.of(directory);
    if (!onDisk(directory) || !java.nio.file.Files.isDirectory(root)) {
      return;
    }
    List<java.nio.file.Path> folders;
    try (var walk = java.nio.file.Files.walk(root)) {
      folders =
          walk.filter(java.nio.file.Files::isDirectory).sorted(Comparator.reverseOrder()).toList();
    }
    for (java.nio.file.Path f : folders) {
      try (var content = java.nio.file.Files.list(f)) {
        if (content.findAny().isPresent()) {
          continue;
        }
      }
      java.nio.file.Files.delete(f);
    }
  }
}
