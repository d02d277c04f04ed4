package org.deepercluster.stages.ingest;

import static org.deepercluster.stages.image.RejectedImageException.Cause.NOT_AN_IMAGE;
import static org.deepercluster.stages.image.RejectedImageException.Cause.UNREADABLE;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.deepercluster.stages.image.EncodedImage;
import org.deepercluster.stages.image.ImageFormat;
import org.deepercluster.stages.image.RejectedImageException;

/**
 * Candidates that lie anywhere: in files, archives, on web servers.
 *
 * @param index position among the units
 * @param items in order
 * @param listed true when a list says that they are images: none is skipped, whatever it holds
 * @param bytes to read, about
 * @param rules what becomes of a file
 */
record ItemUnit(int index, List<Item> items, boolean listed, long bytes, ImageFiles rules)
    implements SourceUnit {

  /** Copies the items. */
  ItemUnit {
    items = List.copyOf(items);
  }

  @Override
  public int size() {
    return items.size();
  }

  @Override
  public String firstFile() {
    for (Item item : items) {
      if (item.place() instanceof Place.WholeFile f) {
        return f.path();
      }
      if (item.place() instanceof Place.Bytes b) {
        return b.path();
      }
      if (item.place() instanceof Place.ZipEntry z) {
        return z.path();
      }
    }
    return items.get(0).uri();
  }

  @Override
  public SourceImages open() {
    return new Candidates();
  }

  /** True unless the item is one to skip. */
  static boolean isCandidate(Item item, PlaceReader reader) throws IOException {
    if (item.rejection() != null || ImageFiles.isNamedLikeAnImage(item.name())) {
      return true;
    }
    try (InputStream in = reader.open(item.place())) {
      return ImageFiles.isCandidate(in.readNBytes(ImageFormat.HEAD_BYTES), item.name());
    } catch (RejectedImageException e) {
      return false;
    }
  }

  private final class Candidates implements SourceImages {
    private final PlaceReader reader = new PlaceReader();
    private int next;
    private long skipped;

    @Override
    public SourceImage next() throws IOException {
      while (next < items.size()) {
        Item item = items.get(next);
        next++;
        String id = InputDigest.imageId(item.name());
        if (item.rejection() != null) {
          return new SourceImage(id, item.uri(), item.labels(), null, item.rejection());
        }
        try (InputStream in = reader.open(item.place())) {
          EncodedImage image = rules.read(item.name(), in);
          if (image != null) {
            return SourceImage.accepted(id, item.uri(), item.labels(), image);
          }
          if (listed) {
            throw new RejectedImageException(
                NOT_AN_IMAGE, "the first bytes are those of no image format");
          }
        } catch (IOException e) {
          if (!(item.place() instanceof Place.WholeFile f)
              || !FolderUnit.isFaultOfFile(f.path(), e)) {
            throw e;
          }
          return new SourceImage(
              id,
              item.uri(),
              item.labels(),
              null,
              SourceImage.Rejection.of(UNREADABLE, "the file cannot be read: " + e));
        } catch (RejectedImageException e) {
          if (listed
              || e.format() != ImageFormat.NONE
              || ImageFiles.isNamedLikeAnImage(item.name())) {
            return SourceImage.rejected(id, item.uri(), item.labels(), e);
          }
        }
        skipped++;
      }
      return null;
    }

    @Override
    public InputStream again() throws IOException {
      Place place = items.get(next - 1).place();
      return place == null || place instanceof Place.Web
          ? InputStream.nullInputStream() // a server is not asked twice
          : reader.open(place);
    }

    @Override
    public long skipped() {
      return skipped;
    }

    @Override
    public void close() throws IOException {
      reader.close();
    }
  }
}
