package org.deepercluster.storage;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.beam.sdk.io.FileSystem;
import org.apache.beam.sdk.io.fs.MatchResult;
import org.apache.beam.sdk.io.fs.MatchResult.Metadata;
import org.apache.beam.sdk.io.fs.MatchResult.Status;

/**
 * What the stores have in common: patterns. {@code *} stands for any part of one name, {@code **}
 * at the end for any path; no other character means anything but itself. Only the folders that a
 * pattern can reach are listed.
 */
abstract class StoreFileSystem extends FileSystem<StoredFile> {
  private static final String ANY_PATH = "**";

  private final String scheme;

  StoreFileSystem(String scheme) {
    this.scheme = scheme;
  }

  /** A file as it is listed. */
  record Entry(StoredFile file, long size, long modifiedMillis) {}

  /** What is directly in a folder. */
  record Folder(List<Entry> files, List<StoredFile> folders) {}

  /** Size and time of a file; null when there is none, or it is a folder. */
  abstract Entry stat(StoredFile file) throws IOException;

  /** What is directly in a folder; nothing when it does not exist. */
  abstract Folder list(StoredFile folder) throws IOException;

  /** All files below a folder; none when it does not exist. */
  abstract List<Entry> walk(StoredFile folder) throws IOException;

  static IOException missing(StoredFile file, Exception cause) {
    FileNotFoundException missing = new FileNotFoundException(file + ": no such file");
    missing.initCause(cause);
    return missing;
  }

  static IOException exists(StoredFile file, Exception cause) {
    FileAlreadyExistsException exists = new FileAlreadyExistsException(file.uri());
    exists.initCause(cause);
    return exists;
  }

  @Override
  protected final String getScheme() {
    return scheme;
  }

  @Override
  protected final StoredFile matchNewResource(String spec, boolean isDirectory) {
    return new StoredFile(isDirectory && !spec.endsWith("/") ? spec + "/" : spec);
  }

  @Override
  protected final List<MatchResult> match(List<String> specs) throws IOException {
    List<MatchResult> results = new ArrayList<>();
    for (String spec : specs) {
      List<Metadata> found = new ArrayList<>();
      for (Entry e : find(spec)) {
        found.add(
            Metadata.builder()
                .setResourceId(e.file())
                .setSizeBytes(e.size())
                .setLastModifiedMillis(e.modifiedMillis())
                .setIsReadSeekEfficient(true)
                .build());
      }
      results.add(
          found.isEmpty()
              ? MatchResult.create(
                  Status.NOT_FOUND, new FileNotFoundException(spec + ": no such file"))
              : MatchResult.create(Status.OK, found));
    }
    return results;
  }

  private List<Entry> find(String spec) throws IOException {
    StoredFile whole = new StoredFile(spec);
    if (!spec.contains("*")) {
      Entry found = whole.isDirectory() ? null : stat(whole);
      return found == null ? List.of() : List.of(found);
    }
    List<Entry> found = new ArrayList<>();
    StoredFile root = new StoredFile(scheme + "://" + whole.authority() + "/");
    find(root, List.of(whole.path().split("/")), found);
    return found;
  }

  private void find(StoredFile folder, List<String> names, List<Entry> found) throws IOException {
    int fixed = 0;
    StoredFile at = folder;
    while (fixed < names.size() - 1 && !names.get(fixed).contains("*")) {
      at = at.child(names.get(fixed) + "/");
      fixed++;
    }
    String name = names.get(fixed);
    List<String> rest = names.subList(fixed + 1, names.size());
    if (name.equals(ANY_PATH)) {
      if (!rest.isEmpty()) {
        throw new IllegalArgumentException("in a pattern, ** is for the end alone, got " + names);
      }
      found.addAll(walk(at));
    } else if (!name.contains("*")) {
      Entry file = stat(at.child(name));
      if (file != null) {
        found.add(file);
      }
    } else {
      Pattern pattern = Pattern.compile(Pattern.quote(name).replace("*", "\\E[^/]*\\Q"));
      Folder here = list(at);
      if (rest.isEmpty()) {
        here.files().stream()
            .filter(e -> pattern.matcher(e.file().getFilename()).matches())
            .forEach(found::add);
      } else {
        for (StoredFile f : here.folders()) {
          if (pattern.matcher(f.getFilename()).matches()) {
            find(f, rest, found);
          }
        }
      }
    }
  }
}
