package dev.vicreg.tools.cli;

import java.io.PrintStream;
import java.util.function.Supplier;

/**
 * Where a command writes, and whether it was asked to stop.
 *
 * @param out results, nothing else
 * @param err progress and messages
 * @param terminal whether {@code err} is a terminal, on which a line may be drawn again
 * @param holds what a long task opens that has something to save
 */
public record Console(PrintStream out, PrintStream err, boolean terminal, Supplier<Hold> holds) {
    /**
     * Opens a {@link Hold}; without one, Ctrl-C, a request to end or a closed terminal ends the program at once.
     */
    public Hold hold() {
        return holds.get();
    }

    /** While it is open, no signal ends the program, however many come: the task asks, saves and returns. */
    @FunctionalInterface
    public interface Hold extends AutoCloseable {
        /** Whether a signal came since the program started. */
        boolean isStopRequested();

        /** As if a signal had come, where signals are listened for. */
        default void requestStop() {}

        /** From now on a request to end is a regular one, with status 0, and a hang-up doesn't end but runs this. */
        default void serves(Runnable onHangUp) {}

        @Override
        default void close() {}
    }
}
