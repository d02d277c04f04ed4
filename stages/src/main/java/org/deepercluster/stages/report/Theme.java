package org.deepercluster.stages.report;

import java.awt.Color;

/**
 * Colours of the charts on a light or a dark page. The series colours are those of Okabe and Ito
 * (blue, vermilion, green), told apart with the common forms of colour blindness.
 *
 * @param background of the picture
 * @param text titles, labels
 * @param faint grid, markers of lesser things
 * @param first first series, the trained network
 * @param second second series
 * @param third third series
 * @param reference what is compared against: the untrained network
 */
record Theme(
    Color background,
    Color text,
    Color faint,
    Color first,
    Color second,
    Color third,
    Color reference) {
  static final Theme LIGHT =
      new Theme(
          new Color(0xFFFFFF),
          new Color(0x2B3138),
          new Color(0xD5DAE0),
          new Color(0x0072B2),
          new Color(0xD55E00),
          new Color(0x00835F),
          new Color(0x7B8794));

  static final Theme DARK =
      new Theme(
          new Color(0x1C2127),
          new Color(0xD7DDE3),
          new Color(0x3C444D),
          new Color(0x56B4E9),
          new Color(0xF0883E),
          new Color(0x3FC79A),
          new Color(0x9AA5B1));
}
