package org.deepercluster.stages.ingest;

import java.io.Serializable;
import java.util.List;
import org.deepercluster.stages.image.RejectedImageException;

/**
 * A candidate for an image, listed.
 *
 * @param name within the collection: what its id is made from
 * @param uri where it is, for people
 * @param place where its bytes are; null when it is rejected as it is
 * @param labels its classes; empty without any
 * @param rejection why it must not be read, or null
 */
record Item(
    String name, String uri, Place place, List<Label> labels, SourceImage.Rejection rejection)
    implements Serializable {

  static Item of(String name, String uri, Place place, List<Label> labels) {
    return new Item(name, uri, place, labels, null);
  }

  /** A file below a folder. */
  static Item file(String root, String name, List<Label> labels) {
    String path = Storage.join(root, name);
    return of(name, path, new Place.WholeFile(path), labels);
  }

  static Item rejected(String name, String uri, RejectedImageException.Cause cause, String detail) {
    return new Item(name, uri, null, List.of(), SourceImage.Rejection.of(cause, detail));
  }
}
