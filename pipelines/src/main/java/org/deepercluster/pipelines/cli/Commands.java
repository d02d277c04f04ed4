package org.deepercluster.pipelines.cli;

import picocli.CommandLine;

/** Makes commands, giving each the console. */
final class Commands implements CommandLine.IFactory {
  private final Console console;
  private final CommandLine.IFactory fallback = CommandLine.defaultFactory();

  Commands(Console console) {
    this.console = console;
  }

  @Override
  public <K> K create(Class<K> type) throws Exception {
    if (ConsoleCommand.class.isAssignableFrom(type)) {
      K command = type.getDeclaredConstructor().newInstance();
      ((ConsoleCommand) command).console = console;
      return command;
    }
    return fallback.create(type);
  }
}
