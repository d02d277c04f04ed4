package org.deepercluster.stages.beam;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.OutputStream;
import java.io.Serializable;
import org.apache.beam.sdk.coders.AtomicCoder;
import org.apache.beam.sdk.coders.ByteArrayCoder;

/**
 * Java serialisation that finds classes through this class's own loader. On a cluster Beam is
 * loaded by Flink and this project by the job; Beam's {@code SerializableCoder} looks for classes
 * where Beam is, and would not find ours.
 */
final class JavaCoder<T extends Serializable> extends AtomicCoder<T> {
  private static final long serialVersionUID = 1;

  @Override
  public void encode(T value, OutputStream out) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream objects = new ObjectOutputStream(bytes)) {
      objects.writeObject(value);
    }
    ByteArrayCoder.of().encode(bytes.toByteArray(), out);
  }

  @Override
  @SuppressWarnings("unchecked")
  public T decode(InputStream in) throws IOException {
    try (ObjectInputStream objects =
        new ObjectInputStream(new ByteArrayInputStream(ByteArrayCoder.of().decode(in))) {
          @Override
          protected Class<?> resolveClass(ObjectStreamClass type)
              throws IOException, ClassNotFoundException {
            try {
              return Class.forName(type.getName(), false, JavaCoder.class.getClassLoader());
            } catch (ClassNotFoundException e) {
              return super.resolveClass(type); // int and the like
            }
          }
        }) {
      return (T) objects.readObject();
    } catch (ClassNotFoundException e) {
      throw new IOException("cannot read an element", e);
    }
  }
}
