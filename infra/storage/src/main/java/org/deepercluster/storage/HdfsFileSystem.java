package org.deepercluster.storage;

import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.beam.sdk.io.fs.CreateOptions;
import org.apache.beam.sdk.io.fs.MoveOptions;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Options.Rename;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.hadoop.security.AccessControlException;

/**
 * {@code hdfs://namenode:port/path}, or the name of a service from the configuration in the folder
 * that {@code HADOOP_CONF_DIR} names. A file is written under another name and renamed when it is
 * closed, so that it appears whole or not at all, as in an object store. Connects when it is first
 * used; Hadoop keeps the connections.
 */
final class HdfsFileSystem extends StoreFileSystem {
  private static final String SCHEME = "hdfs";

  private final String configFolder;
  private Configuration configuration;

  HdfsFileSystem(Map<String, String> env) {
    super(SCHEME);
    this.configFolder = env.get("HADOOP_CONF_DIR");
  }

  private synchronized Configuration configuration() throws StorageException {
    if (configuration == null) {
      Configuration c = new Configuration();
      c.setClassLoader(HdfsFileSystem.class.getClassLoader());
      if (configFolder != null && !configFolder.isBlank()) {
        if (!new File(configFolder).isDirectory()) {
          throw new StorageException(
              "HADOOP_CONF_DIR must be the folder of core-site.xml and hdfs-site.xml, got "
                  + configFolder,
              null);
        }
        for (String name : List.of("core-site.xml", "hdfs-site.xml")) {
          File file = new File(configFolder, name);
          if (file.isFile()) {
            c.addResource(new Path(file.getAbsolutePath()));
          }
        }
      }
      configuration = c;
    }
    return configuration;
  }

  private FileSystem hadoop(StoredFile file) throws IOException {
    try {
      return FileSystem.get(address(file), configuration());
    } catch (IOException | RuntimeException e) {
      throw fault(file, e);
    }
  }

  private static URI address(StoredFile file) {
    return URI.create(SCHEME + "://" + file.authority() + "/");
  }

  private static Path path(StoredFile file) {
    return new Path(file.uri());
  }

  private static IOException fault(StoredFile file, Exception e) {
    for (Throwable t = e; t != null && t != t.getCause(); t = t.getCause()) {
      if (t instanceof ConnectException || t instanceof UnknownHostException) {
        return new StorageException(
            file
                + ": HDFS does not answer ("
                + t.getMessage()
                + "); is it up, is the address right, and does HADOOP_CONF_DIR name its"
                + " configuration?",
            e);
      }
      if (t instanceof AccessControlException) {
        return new StorageException(file + ": refused by HDFS: " + t.getMessage(), e);
      }
    }
    return e instanceof IOException io ? io : new IOException(file + ": " + e.getMessage(), e);
  }

  private Entry entry(StoredFile file, FileStatus s) {
    return new Entry(file, s.getLen(), s.getModificationTime());
  }

  @Override
  Entry stat(StoredFile file) throws IOException {
    try {
      FileStatus s = hadoop(file).getFileStatus(path(file));
      return s.isFile() ? entry(file, s) : null;
    } catch (FileNotFoundException e) {
      return null;
    } catch (IOException e) {
      throw fault(file, e);
    }
  }

  @Override
  Folder list(StoredFile folder) throws IOException {
    List<Entry> files = new ArrayList<>();
    List<StoredFile> folders = new ArrayList<>();
    try {
      for (FileStatus s : hadoop(folder).listStatus(path(folder))) {
        String name = s.getPath().getName();
        if (s.isDirectory()) {
          folders.add(folder.child(name + "/"));
        } else {
          files.add(entry(folder.child(name), s));
        }
      }
    } catch (FileNotFoundException e) {
      return new Folder(List.of(), List.of());
    } catch (IOException e) {
      throw fault(folder, e);
    }
    return new Folder(files, folders);
  }

  @Override
  List<Entry> walk(StoredFile folder) throws IOException {
    List<Entry> files = new ArrayList<>();
    int root = path(folder).toUri().getPath().length();
    try {
      RemoteIterator<LocatedFileStatus> all = hadoop(folder).listFiles(path(folder), true);
      while (all.hasNext()) {
        LocatedFileStatus s = all.next();
        String below = s.getPath().toUri().getPath().substring(root);
        files.add(entry(folder.child(below.replaceFirst("^/", "")), s));
      }
    } catch (FileNotFoundException e) {
      return List.of();
    } catch (IOException e) {
      throw fault(folder, e);
    }
    return files;
  }

  @Override
  protected ReadableByteChannel open(StoredFile file) throws IOException {
    FileSystem hadoop = hadoop(file);
    try {
      FileStatus s = hadoop.getFileStatus(path(file));
      return new HdfsReader(hadoop.open(path(file)), s.getLen());
    } catch (FileNotFoundException e) {
      throw missing(file, e);
    } catch (IOException e) {
      throw fault(file, e);
    }
  }

  @Override
  protected WritableByteChannel create(StoredFile file, CreateOptions options) throws IOException {
    Path temporary =
        new Path(file.uri() + "." + UUID.randomUUID().toString().substring(0, 8) + ".tmp");
    boolean onlyNew = Boolean.TRUE.equals(options.expectFileToNotExist());
    try {
      FileContext context = FileContext.getFileContext(address(file), configuration());
      return new HdfsWriter(
          hadoop(file).create(temporary, false),
          () -> {
            try {
              if (onlyNew) {
                context.rename(temporary, path(file));
              } else {
                context.rename(temporary, path(file), Rename.OVERWRITE);
              }
            } catch (org.apache.hadoop.fs.FileAlreadyExistsException e) {
              context.delete(temporary, false);
              throw exists(file, e);
            }
          });
    } catch (IOException e) {
      throw fault(file, e);
    }
  }

  @Override
  protected void copy(List<StoredFile> from, List<StoredFile> to) throws IOException {
    for (int i = 0; i < from.size(); i++) {
      try (ReadableByteChannel in = open(from.get(i));
          WritableByteChannel out =
              create(
                  to.get(i),
                  CreateOptions.StandardCreateOptions.builder()
                      .setMimeType("application/octet-stream")
                      .build())) {
        java.nio.channels.Channels.newInputStream(in)
            .transferTo(java.nio.channels.Channels.newOutputStream(out));
      }
    }
  }

  @Override
  protected void rename(List<StoredFile> from, List<StoredFile> to, MoveOptions... options)
      throws IOException {
    for (int i = 0; i < from.size(); i++) {
      Path target = path(to.get(i));
      try {
        hadoop(from.get(i)).mkdirs(target.getParent());
        FileContext.getFileContext(address(from.get(i)), configuration())
            .rename(path(from.get(i)), target, Rename.OVERWRITE);
      } catch (IOException e) {
        throw fault(from.get(i), e);
      }
    }
  }

  @Override
  protected void delete(Collection<StoredFile> files) throws IOException {
    for (StoredFile f : files) {
      try {
        FileSystem hadoop = hadoop(f);
        hadoop.delete(path(f), false);
      } catch (IOException e) {
        throw fault(f, e);
      }
    }
  }
}
