package org.deepercluster.stages.ingest;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;

/** Some bytes of a channel, seen as a channel of their own. Closing it leaves the other open. */
final class Window implements SeekableByteChannel {
  private final SeekableByteChannel channel;
  private final long offset;
  private final long length;
  private long position;
  private boolean open = true;

  Window(SeekableByteChannel channel, long offset, long length) {
    this.channel = channel;
    this.offset = offset;
    this.length = length;
  }

  InputStream stream() {
    return Channels.newInputStream(this);
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    if (!target.hasRemaining()) {
      return 0;
    }
    if (position >= length) {
      return -1;
    }
    channel.position(offset + position);
    int limit = target.limit();
    target.limit((int) Math.min(limit, target.position() + (length - position)));
    int n = channel.read(target);
    target.limit(limit);
    position += Math.max(0, n);
    return n;
  }

  @Override
  public long position() {
    return position;
  }

  @Override
  public SeekableByteChannel position(long newPosition) {
    position = newPosition;
    return this;
  }

  @Override
  public long size() {
    return length;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public void close() {
    open = false;
  }

  @Override
  public int write(ByteBuffer source) {
    throw new NonWritableChannelException();
  }

  @Override
  public SeekableByteChannel truncate(long size) {
    throw new NonWritableChannelException();
  }
}
