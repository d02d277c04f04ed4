package org.deepercluster.pipelines.cli;

import java.util.concurrent.Callable;

/** A command that talks to the user. Returns its exit code. */
abstract class ConsoleCommand implements Callable<Integer> {
  Console console;
}
