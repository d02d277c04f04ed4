package org.deepercluster.stages.ingest;

import static org.deepercluster.stages.image.RejectedImageException.Cause.UNREADABLE;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.deepercluster.stages.image.EncodedImage;
import org.deepercluster.stages.image.ImageFormat;
import org.deepercluster.stages.image.RejectedImageException;

/**
 * Some files of a folder tree.
 *
 * @param index position among the units
 * @param root the folder
 * @param files paths below it, with slashes
 * @param labels class of each file, −1 for none; or null without labels
 * @param bytes sizes of the files together
 * @param rules what becomes of a file
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record FolderUnit(
    int index, String root, List<String> files, int[] labels, long bytes, ImageFiles rules)
    implements SourceUnit {
  /** Copies the names. */
  FolderUnit {
    files = List.copyOf(files);
  }

  @Override
  public int size() {
    return files.size();
  }

  @Override
  public String firstFile() {
    return Storage.join(root, files.get(0));
  }

  @Override
  public SourceImages open() {
    return new Candidates();
  }

  /** True unless the file is one to skip. */
  static boolean isCandidate(String root, String name) throws IOException {
    if (ImageFiles.isNamedLikeAnImage(name)) {
      return true;
    }
    String path = Storage.join(root, name);
    try (InputStream in = Storage.open(path, 0)) {
      return ImageFiles.isCandidate(in.readNBytes(ImageFormat.HEAD_BYTES), name);
    } catch (IOException e) {
      if (isFaultOfFile(path, e)) {
        return false;
      }
      throw e;
    }
  }

  /**
   * True when a file that cannot be read is itself at fault: always on local disks; elsewhere only
   * when it is missing, since a broken connection must not change which images a run has.
   */
  static boolean isFaultOfFile(String path, IOException e) {
    return e instanceof FileNotFoundException || Storage.isLocal(path);
  }

  /** Null to skip the file. */
  private EncodedImage read(String path) throws IOException {
    try (InputStream in = Storage.open(path, 0)) {
      return rules.read(path, in);
    } catch (IOException e) {
      if (!isFaultOfFile(path, e)) {
        throw e;
      }
      if (!ImageFiles.isNamedLikeAnImage(path)) {
        return null;
      }
      throw new RejectedImageException(UNREADABLE, "the file cannot be read: " + e);
    }
  }

  private final class Candidates implements SourceImages {
    private int next;
    private long skipped;

    @Override
    public SourceImage next() throws IOException {
      while (next < files.size()) {
        String name = files.get(next);
        String path = Storage.join(root, name);
        String id = InputDigest.imageId(name);
        int c = labels == null ? -1 : labels[next];
        List<Label> classes =
            c < 0 ? List.of() : List.of(new Label(c, FolderReader.topFolder(name)));
        next++;
        try {
          EncodedImage image = read(path);
          if (image != null) {
            return SourceImage.accepted(id, path, classes, image);
          }
        } catch (RejectedImageException e) {
          return SourceImage.rejected(id, path, classes, e);
        }
        skipped++;
      }
      return null;
    }

    @Override
    public InputStream again() throws IOException {
      return Storage.open(Storage.join(root, files.get(next - 1)), 0);
    }

    @Override
    public long skipped() {
      return skipped;
    }

    @Override
    public void close() {}
  }
}
