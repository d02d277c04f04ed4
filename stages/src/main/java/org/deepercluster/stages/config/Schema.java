package org.deepercluster.stages.config;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The settings that a configuration record declares with {@link Key}, read by reflection. Nested
 * records are sections. Parsing, defaults, checks, documentation and MLflow parameters all come
 * from here.
 */
public final class Schema {
  private static final Map<Class<?>, Class<?>> BOXED =
      Map.of(
          int.class, Integer.class,
          long.class, Long.class,
          double.class, Double.class,
          boolean.class, Boolean.class);

  private final Class<? extends Record> type;
  private final List<Setting> components;

  private Schema(Class<? extends Record> type, List<Setting> components) {
    this.type = type;
    this.components = components;
  }

  /**
   * Schema of a record.
   *
   * @throws IllegalStateException if a component lacks its {@link Key}
   */
  public static Schema of(Class<? extends Record> type) {
    return of(type, "");
  }

  /**
   * Schema of a section.
   *
   * @param prefix dotted key of the section with a trailing dot, or empty
   */
  public static Schema of(Class<? extends Record> type, String prefix) {
    List<Setting> components = new ArrayList<>();
    for (RecordComponent component : type.getRecordComponents()) {
      Key key = component.getAnnotation(Key.class);
      if (key == null) {
        throw new IllegalStateException(
            type.getName() + "." + component.getName() + " lacks its @Key");
      }
      Class<?> valueType = BOXED.getOrDefault(component.getType(), component.getType());
      components.add(new Setting(prefix + component.getName(), valueType, key));
    }
    return new Schema(type, List.copyOf(components));
  }

  /** The record. */
  public Class<? extends Record> type() {
    return type;
  }

  /** Settings and sections of the record itself, in order of declaration. */
  public List<Setting> components() {
    return components;
  }

  /** All settings, those of sections included, in order of declaration; no sections. */
  public List<Setting> settings() {
    List<Setting> all = new ArrayList<>();
    for (Setting component : components) {
      if (component.type() == Setting.Type.SECTION) {
        all.addAll(component.schema().settings());
      } else {
        all.add(component);
      }
    }
    return all;
  }

  /**
   * The record with every setting at its default.
   *
   * @throws IllegalStateException if one is required
   */
  public Record defaults() {
    return create(components.stream().map(Setting::defaultValue).toArray());
  }

  /**
   * Makes the record.
   *
   * @param values one per component, in order, each of the component's type
   * @throws InvalidSettingsException if its constructor finds faults
   */
  public Record create(Object... values) {
    Class<?>[] types =
        Arrays.stream(type.getRecordComponents())
            .map(RecordComponent::getType)
            .toArray(Class<?>[]::new);
    try {
      Constructor<? extends Record> constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException("cannot make " + type.getName(), e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot make " + type.getName(), e);
    }
  }

  /**
   * Checks the components of a configuration record against their declarations; for use in its
   * compact constructor.
   *
   * @param type the record
   * @param values all components, in order of declaration
   * @throws InvalidSettingsException naming each field at fault, the allowed range and the value
   *     got
   */
  public static void check(Class<? extends Record> type, Object... values) {
    List<Setting> components = of(type).components;
    if (values.length != components.size()) {
      throw new IllegalArgumentException(
          type.getName() + " has " + components.size() + " components, got " + values.length);
    }
    List<SettingFault> faults = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      Setting setting = components.get(i);
      Optional<String> problem = setting.problem(values[i]);
      problem.ifPresent(text -> faults.add(SettingFault.of(setting.path(), text)));
    }
    if (!faults.isEmpty()) {
      throw new InvalidSettingsException(faults);
    }
  }

  /**
   * States a rule between fields; for use in a compact constructor.
   *
   * @param holds whether the rule holds
   * @param problem what is required of {@code key} and what it is
   * @param key the subject
   * @param otherKeys what else takes part
   * @throws InvalidSettingsException if it does not hold
   */
  public static void require(boolean holds, String problem, String key, String... otherKeys) {
    if (!holds) {
      List<String> keys = new ArrayList<>(List.of(key));
      keys.addAll(List.of(otherKeys));
      throw new InvalidSettingsException(List.of(new SettingFault(keys, problem)));
    }
  }

  /**
   * All values of a record and its sections by setting, in order of declaration. Settings and
   * sections that are {@code null} are left out.
   */
  public static LinkedHashMap<Setting, Object> values(Record configuration) {
    LinkedHashMap<Setting, Object> values = new LinkedHashMap<>();
    collect(of(configuration.getClass()), configuration, values);
    return values;
  }

  private static void collect(Schema schema, Record record, Map<Setting, Object> values) {
    RecordComponent[] accessors = schema.type.getRecordComponents();
    for (int i = 0; i < accessors.length; i++) {
      Setting setting = schema.components.get(i);
      Object value = read(accessors[i], record);
      if (value instanceof NamedSections named) {
        named
            .sections()
            .forEach(
                (name, records) -> {
                  for (Record r : records) {
                    collect(of(r.getClass(), setting.path() + "." + name + "."), r, values);
                  }
                });
      } else if (value instanceof Record section) {
        collect(setting.schema(), section, values);
      } else if (value != null) {
        values.put(setting, value);
      }
    }
  }

  private static Object read(RecordComponent component, Record record) {
    try {
      component.getAccessor().setAccessible(true);
      return component.getAccessor().invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot read " + component.getName(), e);
    }
  }
}
