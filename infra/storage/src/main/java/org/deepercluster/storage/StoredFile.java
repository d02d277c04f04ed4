package org.deepercluster.storage;

import org.apache.beam.sdk.io.fs.ResolveOptions;
import org.apache.beam.sdk.io.fs.ResolveOptions.StandardResolveOptions;
import org.apache.beam.sdk.io.fs.ResourceId;

/**
 * A file or folder of a store by its address. Every character means itself: nothing is escaped.
 *
 * @param uri {@code scheme://authority/path}; a folder ends with a slash
 */
record StoredFile(String uri) implements ResourceId {

  /** The bucket, or the name node; may be empty. */
  String authority() {
    int from = uri.indexOf("://") + 3;
    int to = uri.indexOf('/', from);
    return to < 0 ? uri.substring(from) : uri.substring(from, to);
  }

  /** What follows the authority, without the slash between. */
  String path() {
    int slash = uri.indexOf('/', uri.indexOf("://") + 3);
    return slash < 0 ? "" : uri.substring(slash + 1);
  }

  /** A file in this folder. */
  StoredFile child(String name) {
    return new StoredFile((uri.endsWith("/") ? uri : uri + "/") + name);
  }

  @Override
  public ResourceId resolve(String other, ResolveOptions options) {
    boolean folder = options.equals(StandardResolveOptions.RESOLVE_DIRECTORY);
    return child(folder && !other.endsWith("/") ? other + "/" : other);
  }

  @Override
  public ResourceId getCurrentDirectory() {
    return new StoredFile(uri.substring(0, uri.lastIndexOf('/') + 1));
  }

  @Override
  public String getScheme() {
    return uri.substring(0, uri.indexOf(':'));
  }

  @Override
  public String getFilename() {
    String whole = isDirectory() ? uri.substring(0, uri.length() - 1) : uri;
    return whole.substring(whole.lastIndexOf('/') + 1);
  }

  @Override
  public boolean isDirectory() {
    return uri.endsWith("/");
  }

  @Override
  public String toString() {
    return uri;
  }
}
