package org.deepercluster.pipelines.tracking;

/** MLflow's server did not do what it was asked for. */
final class ApiException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What to do about it. */
  enum Kind {
    /** Not reached, too slow or overloaded: try again later. */
    UNAVAILABLE,
    /** An error inside the server (status 500): try again, but not for ever. */
    SERVER_ERROR,
    /** The server wants other credentials. */
    UNAUTHORIZED,
    /** The request itself is refused; it will be refused again. */
    REFUSED
  }

  private final Kind kind;

  ApiException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  static ApiException ofStatus(int status, String message, Throwable cause) {
    Kind kind =
        switch (status) {
          case 401, 403 -> Kind.UNAUTHORIZED;
          case 408, 425, 429, 502, 503, 504 -> Kind.UNAVAILABLE;
          default -> status >= 500 ? Kind.SERVER_ERROR : Kind.REFUSED;
        };
    return new ApiException(kind, "status " + status + ": " + message, cause);
  }

  Kind kind() {
    return kind;
  }
}
