package org.deepercluster.storage;

import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.beam.sdk.io.fs.CreateOptions;
import org.apache.beam.sdk.io.fs.MoveOptions;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CommonPrefix;
import software.amazon.awssdk.services.s3.model.DeleteObjectsResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.S3Error;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * {@code s3://bucket/key}. There are no folders, only keys that begin alike. An object appears
 * whole or not at all. Connects when it is first used.
 */
final class S3FileSystem extends StoreFileSystem {
  private static final int MOST_KEYS = 1000;

  private final Map<String, String> env;
  private S3Client client;
  private S3Faults faults;

  S3FileSystem(Map<String, String> env) {
    super("s3");
    this.env = Map.copyOf(env);
  }

  private synchronized S3Client client() throws IOException {
    if (client == null) {
      S3Settings settings = S3Settings.of(env);
      faults = new S3Faults(settings.place());
      try {
        client = settings.connect(env);
      } catch (SdkException e) {
        throw faults.of("s3://", e);
      }
    }
    return client;
  }

  @Override
  Entry stat(StoredFile file) throws IOException {
    S3Client s3 = client();
    try {
      HeadObjectResponse head = s3.headObject(r -> r.bucket(file.authority()).key(file.path()));
      return new Entry(file, head.contentLength(), head.lastModified().toEpochMilli());
    } catch (S3Exception e) {
      if (e.statusCode() == 404) {
        return null;
      }
      throw faults.of(file.uri(), e);
    } catch (SdkException e) {
      throw faults.of(file.uri(), e);
    }
  }

  @Override
  Folder list(StoredFile folder) throws IOException {
    List<Entry> files = new ArrayList<>();
    List<StoredFile> folders = new ArrayList<>();
    list(folder, "/", files, folders);
    return new Folder(files, folders);
  }

  @Override
  List<Entry> walk(StoredFile folder) throws IOException {
    List<Entry> files = new ArrayList<>();
    list(folder, null, files, new ArrayList<>());
    return files;
  }

  private void list(
      StoredFile folder, String delimiter, List<Entry> files, List<StoredFile> folders)
      throws IOException {
    S3Client s3 = client();
    String root = "s3://" + folder.authority() + "/";
    try {
      for (ListObjectsV2Response page :
          s3.listObjectsV2Paginator(
              r -> r.bucket(folder.authority()).prefix(folder.path()).delimiter(delimiter))) {
        for (S3Object o : page.contents()) {
          // Keys that end with a slash are what some tools keep for empty folders.
          if (!o.key().endsWith("/")) {
            files.add(
                new Entry(
                    new StoredFile(root + o.key()), o.size(), o.lastModified().toEpochMilli()));
          }
        }
        for (CommonPrefix p : page.commonPrefixes()) {
          folders.add(new StoredFile(root + p.prefix()));
        }
      }
    } catch (SdkException e) {
      throw faults.of(folder.uri(), e);
    }
  }

  @Override
  protected ReadableByteChannel open(StoredFile file) throws IOException {
    return new S3Reader(client(), faults, file);
  }

  @Override
  protected WritableByteChannel create(StoredFile file, CreateOptions options) throws IOException {
    boolean onlyNew = Boolean.TRUE.equals(options.expectFileToNotExist());
    return new S3Writer(client(), faults, file, options.mimeType(), onlyNew);
  }

  @Override
  protected void copy(List<StoredFile> from, List<StoredFile> to) throws IOException {
    S3Client s3 = client();
    for (int i = 0; i < from.size(); i++) {
      StoredFile source = from.get(i);
      StoredFile target = to.get(i);
      try {
        s3.copyObject(
            r ->
                r.sourceBucket(source.authority())
                    .sourceKey(source.path())
                    .destinationBucket(target.authority())
                    .destinationKey(target.path()));
      } catch (SdkException e) {
        throw faults.of(source.uri(), e);
      }
    }
  }

  @Override
  protected void rename(List<StoredFile> from, List<StoredFile> to, MoveOptions... options)
      throws IOException {
    copy(from, to);
    delete(from);
  }

  @Override
  protected void delete(Collection<StoredFile> files) throws IOException {
    S3Client s3 = client();
    Map<String, List<String>> keys = new TreeMap<>();
    for (StoredFile f : files) {
      keys.computeIfAbsent(f.authority(), b -> new ArrayList<>()).add(f.path());
    }
    for (var bucket : keys.entrySet()) {
      List<String> all = bucket.getValue();
      for (int i = 0; i < all.size(); i += MOST_KEYS) {
        List<ObjectIdentifier> some =
            all.subList(i, Math.min(all.size(), i + MOST_KEYS)).stream()
                .map(key -> ObjectIdentifier.builder().key(key).build())
                .toList();
        String root = "s3://" + bucket.getKey() + "/";
        try {
          DeleteObjectsResponse answer =
              s3.deleteObjects(
                  r -> r.bucket(bucket.getKey()).delete(d -> d.objects(some).quiet(true)));
          for (S3Error e : answer.errors()) {
            throw new IOException(
                root + e.key() + ": not deleted: " + e.code() + ", " + e.message());
          }
        } catch (SdkException e) {
          throw faults.of(root, e);
        }
      }
    }
  }
}
