package dev.vicreg.tools.command;

import dev.vicreg.training.run.Metrics;
import java.io.Closeable;
import java.io.IOException;

/** Looks on while a run goes on; called on its thread. */
interface Follower extends Closeable {
    /** After every step. */
    void step(Metrics.Line line) throws IOException;

    /** Whether it wants the run to end, as if by Ctrl-C. */
    default boolean wantsStop() {
        return false;
    }
}
