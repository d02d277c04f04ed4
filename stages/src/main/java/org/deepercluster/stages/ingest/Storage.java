package org.deepercluster.stages.ingest;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import org.apache.beam.sdk.io.FileSystems;
import org.apache.beam.sdk.io.fs.EmptyMatchTreatment;
import org.apache.beam.sdk.io.fs.MatchResult;
import org.apache.beam.sdk.io.fs.MatchResult.Metadata;
import org.deepercluster.storage.Connectors;

/**
 * Files wherever Beam's {@link FileSystems} reach. Local folders are walked here instead, since
 * symbolic links may lead in circles and local names may hold the characters of patterns.
 */
final class Storage {
  /** By code point, as UTF-8 bytes sort: the same on every machine and file system. */
  static final Comparator<String> BY_CODE_POINT = Storage::compareCodePoints;

  private Storage() {}

  /**
   * A file below some root.
   *
   * @param name path below the root, with slashes
   */
  record Entry(String name, long size, long modifiedMillis) {}

  /** Files below a root by name, and how many hidden or special ones were left out. */
  record Tree(List<Entry> files, long skipped) {}

  /** True when {@code path} names no other file system than the local one. */
  static boolean isLocal(String path) {
    return path.startsWith("file:") || !path.matches("[a-zA-Z][-a-zA-Z0-9+.]*:/.*");
  }

  /**
   * A path of the local file system.
   *
   * @throws FileNotFoundException when no file can be called so
   */
  private static Path local(String path) throws FileNotFoundException {
    String name = path;
    if (path.startsWith("file://")) {
      name = path.substring("file://".length());
    } else if (path.startsWith("file:")) {
      name = path.substring("file:".length());
    }
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      FileNotFoundException none =
          new FileNotFoundException(path + ": is no path: " + e.getReason());
      none.initCause(e);
      throw none;
    }
  }

  /** {@code root} and a name below it, joined by one slash. */
  static String join(String root, String name) {
    return root.endsWith("/") ? root + name : root + "/" + name;
  }

  /** The folder that holds {@code path}, with its last slash; empty when there is no slash. */
  static String folderOf(String path) {
    return path.substring(0, path.lastIndexOf('/') + 1);
  }

  /** Last part of {@code path}. */
  static String nameOf(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /**
   * Size and time of one file.
   *
   * @throws FileNotFoundException when there is none, or it is a folder
   */
  static Entry stat(String path) throws IOException {
    if (isLocal(path)) {
      Path file = local(path);
      if (!Files.exists(file)) {
        throw new FileNotFoundException(path + ": no such file");
      }
      BasicFileAttributes a = Files.readAttributes(file, BasicFileAttributes.class);
      if (a.isDirectory()) {
        throw new FileNotFoundException(path + ": is a folder, a file is needed");
      }
      return new Entry(nameOf(path), a.size(), a.lastModifiedTime().toMillis());
    }
    Connectors.require(path);
    Metadata m = FileSystems.matchSingleFileSpec(path);
    return new Entry(nameOf(path), m.sizeBytes(), m.lastModifiedMillis());
  }

  /** True when {@code path} is a file. */
  static boolean exists(String path) throws IOException {
    try {
      stat(path);
      return true;
    } catch (FileNotFoundException e) {
      return false;
    }
  }

  private static ReadableByteChannel channel(String path) throws IOException {
    String spec = path;
    if (isLocal(path)) {
      Path file = local(path).toAbsolutePath();
      if (Files.exists(file) && !Files.isRegularFile(file)) {
        throw new FileNotFoundException(
            path + (Files.isDirectory(file) ? ": is a folder" : ": is a device or a pipe"));
      }
      spec = file.toString();
    }
    Connectors.require(path);
    try {
      return FileSystems.open(FileSystems.matchNewResource(spec, false));
    } catch (NoSuchFileException | FileNotFoundException e) {
      if (isLocal(path) && Files.exists(local(path))) {
        throw e;
      }
      FileNotFoundException missing = new FileNotFoundException(path + ": no such file");
      missing.initCause(e);
      throw missing;
    }
  }

  /**
   * Opens a file for reading anywhere in it.
   *
   * @throws FileNotFoundException when there is none
   */
  static SeekableByteChannel seekable(String path) throws IOException {
    ReadableByteChannel channel = channel(path);
    if (channel instanceof SeekableByteChannel seekable) {
      return seekable;
    }
    channel.close();
    throw new IOException(
        path + ": this file system cannot read from the middle of a file, which archives need");
  }

  /**
   * Opens a file for reading from byte {@code from} on; not buffered.
   *
   * @throws FileNotFoundException when there is none
   */
  static InputStream open(String path, long from) throws IOException {
    ReadableByteChannel channel = channel(path);
    try {
      InputStream in = Channels.newInputStream(channel);
      if (from > 0 && channel instanceof SeekableByteChannel seekable) {
        seekable.position(from);
      } else {
        in.skipNBytes(from);
      }
      return in;
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  /**
   * All files below a folder, in the order of {@link #BY_CODE_POINT}. Symbolic links are followed
   * but for those that lead back to a folder they are in. Files and folders whose name begins with
   * a dot are left out, and so are pipes, sockets and devices.
   *
   * @throws FileNotFoundException when there is no such folder
   */
  static Tree walk(String root) throws IOException {
    Tree tree = isLocal(root) ? walkLocal(root) : walkRemote(root);
    tree.files().sort(Comparator.comparing(Entry::name, BY_CODE_POINT));
    return tree;
  }

  private static Tree walkRemote(String root) throws IOException {
    Connectors.require(root);
    String prefix = join(root, "");
    MatchResult result = FileSystems.match(prefix + "**", EmptyMatchTreatment.ALLOW);
    List<Entry> files = new ArrayList<>();
    long skipped = 0;
    if (result.status() == MatchResult.Status.OK) {
      for (Metadata m : result.metadata()) {
        String path = m.resourceId().toString();
        if (m.resourceId().isDirectory() || path.endsWith("/") || !path.startsWith(prefix)) {
          continue; // the placeholders that object stores keep for folders
        }
        String name = path.substring(prefix.length());
        if (name.startsWith(".") || name.contains("/.")) {
          skipped++;
        } else {
          files.add(new Entry(name, m.sizeBytes(), m.lastModifiedMillis()));
        }
      }
    }
    return new Tree(files, skipped);
  }

  private static Tree walkLocal(String root) throws IOException {
    Path top = local(root);
    if (!Files.isDirectory(top)) {
      throw new FileNotFoundException(
          root + (Files.exists(top) ? ": is a file, a folder is needed" : ": no such folder"));
    }
    List<Entry> files = new ArrayList<>();
    long[] skipped = {0};
    Files.walkFileTree(
        top,
        EnumSet.of(FileVisitOption.FOLLOW_LINKS),
        Integer.MAX_VALUE,
        new SimpleFileVisitor<>() {
          private boolean hidden(Path path) {
            return !path.equals(top) && path.getFileName().toString().startsWith(".");
          }

          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes a) {
            return hidden(folder) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes a) {
            boolean regular = a.isRegularFile() || a.isSymbolicLink();
            if (hidden(file) || !regular) {
              skipped[0]++;
            } else {
              String name = top.relativize(file).toString().replace('\\', '/');
              files.add(new Entry(name, a.size(), a.lastModifiedTime().toMillis()));
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path path, IOException e) throws IOException {
            if (e instanceof FileSystemLoopException) {
              return FileVisitResult.CONTINUE;
            }
            if (hidden(path) && !Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
              skipped[0]++;
              return FileVisitResult.CONTINUE;
            }
            throw new IOException(path + ": cannot be listed (" + e + ")", e);
          }
        });
    return new Tree(files, skipped[0]);
  }

  private static int compareCodePoints(String a, String b) {
    int n = Math.min(a.length(), b.length());
    for (int i = 0; i < n; i++) {
      char x = a.charAt(i);
      char y = b.charAt(i);
      if (x != y) {
        // UTF-16 puts surrogates below U+E000..U+FFFF, code points have them above
        boolean sx = Character.isSurrogate(x);
        boolean sy = Character.isSurrogate(y);
        return sx == sy ? Character.compare(x, y) : sx ? 1 : -1;
      }
    }
    return Integer.compare(a.length(), b.length());
  }
}
