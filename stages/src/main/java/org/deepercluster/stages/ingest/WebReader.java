package org.deepercluster.stages.ingest;

import static org.deepercluster.stages.image.RejectedImageException.Cause.TOO_LARGE;
import static org.deepercluster.stages.image.RejectedImageException.Cause.UNREADABLE;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.deepercluster.stages.image.RejectedImageException;

/**
 * Gets images from web servers. What cannot be had is a rejection: what servers answer is not in
 * the hands of whoever runs this, so one that is gone must not stop a run.
 */
final class WebReader {
  private static final int TRIES = 3;

  private final HttpClient client;
  private final Duration patience;
  private final Duration pause;

  /**
   * A reader.
   *
   * @param patience longest time for one answer as a whole
   * @param pause before the second try; twice that before the third
   */
  WebReader(Duration patience, Duration pause) {
    this.patience = patience;
    this.pause = pause;
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NORMAL)
            .connectTimeout(patience)
            .build();
  }

  /**
   * The answer to a GET. Answers that another try may change (408, 429, 5xx, none at all) are asked
   * for three times.
   *
   * @throws RejectedImageException saying what came instead
   */
  InputStream get(String address) throws IOException {
    HttpRequest request;
    try {
      request =
          HttpRequest.newBuilder(URI.create(address))
              .header("User-Agent", "deepercluster")
              .timeout(patience)
              .build();
    } catch (IllegalArgumentException e) {
      throw new RejectedImageException(UNREADABLE, "is no address: " + e.getMessage());
    }
    String fault = "";
    for (int t = 0; t < TRIES; t++) {
      try {
        if (t > 0) {
          Thread.sleep(pause.toMillis() << (t - 1));
        }
        HttpResponse<byte[]> answer = ask(request);
        int status = answer.statusCode();
        if (status == 200) {
          return new ByteArrayInputStream(answer.body());
        }
        fault = "the server answers " + status;
        if (status < 500 && status != 408 && status != 429) {
          break;
        }
      } catch (IOException | TimeoutException e) {
        fault = "no answer: " + e;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException(address + ": interrupted");
      }
    }
    throw new RejectedImageException(UNREADABLE, fault);
  }

  private HttpResponse<byte[]> ask(HttpRequest request)
      throws IOException, InterruptedException, TimeoutException {
    CompletableFuture<HttpResponse<byte[]>> answer =
        client.sendAsync(request, info -> new Limited());
    try {
      return answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RejectedImageException rejected) {
        throw rejected;
      }
      throw new IOException(e.getCause());
    } finally {
      answer.cancel(true);
    }
  }

  /** A body of limited length. */
  private static final class Limited implements HttpResponse.BodySubscriber<byte[]> {
    private final CompletableFuture<byte[]> body = new CompletableFuture<>();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private Flow.Subscription subscription;

    @Override
    public CompletionStage<byte[]> getBody() {
      return body;
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
      subscription = given;
      given.request(1);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
      for (ByteBuffer b : buffers) {
        byte[] part = new byte[b.remaining()];
        b.get(part);
        bytes.writeBytes(part);
      }
      if (bytes.size() > ImageFiles.MAX_FILE_BYTES) {
        subscription.cancel();
        body.completeExceptionally(
            new RejectedImageException(
                TOO_LARGE, "the answer has more than " + ImageFiles.MAX_FILE_BYTES + " bytes"));
      } else {
        subscription.request(1);
      }
    }

    @Override
    public void onError(Throwable e) {
      body.completeExceptionally(e);
    }

    @Override
    public void onComplete() {
      body.complete(bytes.toByteArray());
    }
  }
}
