package org.deepercluster.stages.ingest;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.List;
import org.deepercluster.stages.image.EncodedImage;
import org.deepercluster.stages.image.PerceptualHash;
import org.deepercluster.stages.table.Columns;

/**
 * What an image is compared by.
 *
 * @param id of the image
 * @param high the first 64 bits of SHA-256 of its bytes; for bare pixels, of its sides too
 * @param low the next 64 bits
 * @param perceptual hash, or null
 */
record ImageHashes(String id, long high, long low, Long perceptual) {
  static ImageHashes of(SourceImage source) {
    EncodedImage image = source.image();
    MessageDigest sha = InputDigest.newSha256();
    Long perceptual = image.perceptualHash();
    if (image.encoding().equals("raw")) {
      sha.update(
          ByteBuffer.allocate(12)
              .putInt(image.width())
              .putInt(image.height())
              .putInt(image.channels())
              .flip());
      perceptual = PerceptualHash.of(image.decode());
    }
    ByteBuffer digest = ByteBuffer.wrap(sha.digest(image.bytes()));
    return new ImageHashes(source.id(), digest.getLong(), digest.getLong(), perceptual);
  }

  static Columns columns(List<ImageHashes> rows) {
    boolean[] comparable = new boolean[rows.size()];
    long[] perceptual = new long[rows.size()];
    for (int i = 0; i < comparable.length; i++) {
      comparable[i] = rows.get(i).perceptual != null;
      perceptual[i] = comparable[i] ? rows.get(i).perceptual : 0;
    }
    return Columns.of(IngestTables.HASHES, rows.size())
        .set("image_id", rows.stream().map(ImageHashes::id).toArray(String[]::new))
        .set("content", rows.stream().mapToLong(ImageHashes::high).toArray())
        .set("content_low", rows.stream().mapToLong(ImageHashes::low).toArray())
        .set("comparable", comparable)
        .set("perceptual", perceptual)
        .build();
  }
}
