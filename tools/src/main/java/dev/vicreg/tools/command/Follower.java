package dev.vicreg.tools.command;

import dev.vicreg.training.run.Metrics;
import java.io.Closeable;
import java.io.IOException;
import java.util.Map;

/** Looks on while a run goes on; called on its thread. */
interface Follower extends Closeable {
    /** After every step. */
    void step(Metrics.Line line) throws IOException;

    /** After the encoder was measured: finite figures by name, in snake case. */
    default void measured(long step, Map<String, Double> figures) throws IOException {}

    /** After the network was looked into: finite figures by name, in snake case. */
    default void probed(long step, Map<String, Float> figures) throws IOException {}

    /** Whether it wants the run to end, as if by Ctrl-C. */
    default boolean wantsStop() {
        return false;
    }
}
