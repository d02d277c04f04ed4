package org.deepercluster.stages.config;

import java.util.SortedMap;
import java.util.TreeMap;

/** A configuration record as text, by key: what manifests show. */
public final class Settings {
  private Settings() {}

  /** The record's settings by key; those of nested records with a dot; absent ones left out. */
  public static SortedMap<String, String> of(Record config) {
    TreeMap<String, String> out = new TreeMap<>();
    Schema.values(config).forEach((setting, value) -> out.put(setting.path(), Setting.text(value)));
    return out;
  }
}
