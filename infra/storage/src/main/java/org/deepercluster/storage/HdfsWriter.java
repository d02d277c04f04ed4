package org.deepercluster.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import org.apache.hadoop.fs.FSDataOutputStream;

/** A file of HDFS that gets its name when it is complete. */
final class HdfsWriter implements WritableByteChannel {

  /** Gives the file its name. */
  interface Commit {
    void run() throws IOException;
  }

  private final WritableByteChannel channel;
  private final Commit commit;

  HdfsWriter(FSDataOutputStream out, Commit commit) {
    this.channel = Channels.newChannel(out);
    this.commit = commit;
  }

  @Override
  public int write(ByteBuffer source) throws IOException {
    return channel.write(source);
  }

  @Override
  public boolean isOpen() {
    return channel.isOpen();
  }

  @Override
  public void close() throws IOException {
    if (channel.isOpen()) {
      channel.close();
      commit.run();
    }
  }
}
