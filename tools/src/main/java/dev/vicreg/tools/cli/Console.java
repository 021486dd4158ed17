package dev.vicreg.tools.cli;

import java.io.PrintStream;
import java.util.function.BooleanSupplier;

/**
 * Where a command writes and whether it was asked to stop.
 *
 * @param out results, nothing else
 * @param err progress and messages
 * @param terminal whether {@code err} is a terminal, on which a line may be drawn again
 * @param stopRequested turns true when the user pressed Ctrl-C; a long loop polls it, saves and returns
 */
public record Console(PrintStream out, PrintStream err, boolean terminal, BooleanSupplier stopRequested) {}
