package org.deepercluster.stages.table;

/** Joins parts of a URI or a local path with single slashes. */
public final class Paths {
  private Paths() {}

  /** {@code join("s3://b/x/", "y", "z")} is {@code s3://b/x/y/z}. */
  public static String join(String first, String... more) {
    StringBuilder b = new StringBuilder(first);
    for (String m : more) {
      if (b.length() > 0 && b.charAt(b.length() - 1) != '/') {
        b.append('/');
      }
      b.append(m);
    }
    return b.toString();
  }
}
