package org.deepercluster.stages.report;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Base64;
import java.util.Locale;

/** Text of unknown origin made safe for HTML that is also well-formed XML. */
final class Html {
  private Html() {}

  /**
   * Escapes text for element content and quoted attributes. What XML does not allow (control
   * characters, lone surrogates) and what reverses the reading direction of the text around it
   * becomes U+FFFD; {@code null} becomes the empty string.
   */
  static String escape(String text) {
    if (text == null) {
      return "";
    }
    StringBuilder out = new StringBuilder(text.length() + 16);
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> out.appendCodePoint(allowed(c) ? c : 0xFFFD);
              }
            });
    return out.toString();
  }

  private static boolean allowed(int c) {
    if (c == '\t' || c == '\n' || c == '\r') {
      return true;
    }
    boolean control = c < 0x20 || (c >= 0x7F && c < 0xA0);
    boolean surrogate = c >= 0xD800 && c <= 0xDFFF;
    boolean direction = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    boolean noncharacter = (c & 0xFFFE) == 0xFFFE;
    return !control && !surrogate && !direction && !noncharacter;
  }

  /** A link where the address is http or https, else the address as text. */
  static String link(String address) {
    String text = escape(address);
    return isWeb(address)
        ? "<a href=\"" + text + "\" rel=\"noreferrer\">" + text + "</a>"
        : "<code>" + text + "</code>";
  }

  private static boolean isWeb(String address) {
    try {
      String scheme = new URI(address).getScheme();
      return scheme != null
          && (scheme.toLowerCase(Locale.ROOT).equals("http")
              || scheme.toLowerCase(Locale.ROOT).equals("https"));
    } catch (URISyntaxException e) {
      return false;
    }
  }

  /** A PNG as data URI. */
  static String dataUri(byte[] png) {
    return "data:image/png;base64," + Base64.getEncoder().encodeToString(png);
  }
}
