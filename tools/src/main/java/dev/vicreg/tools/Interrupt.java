package dev.vicreg.tools;

import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jline.utils.Signals;

/**
 * Turns Ctrl-C into a flag for the commands that have something to save; the others end at once, as usual.
 *
 * <p>A shutdown hook would not do: ONNX Runtime has one of its own, which closes its environment under a running step.
 */
final class Interrupt implements BooleanSupplier {
    private static final int SIGNALLED = 128; // a shell adds the signal's number: 2 for INT, 15 for TERM

    private final AtomicBoolean armed = new AtomicBoolean();
    private final AtomicInteger signal = new AtomicInteger();

    /** From the first call on a signal only raises the flag; a second signal ends the process. */
    @Override
    public boolean getAsBoolean() {
        if (armed.compareAndSet(false, true)) {
            Signals.register("INT", () -> raise(2));
            Signals.register("TERM", () -> raise(15));
        }
        return signal.get() != 0;
    }

    /** The exit status if a signal came. */
    OptionalInt status() {
        return signal.get() == 0 ? OptionalInt.empty() : OptionalInt.of(SIGNALLED + signal.get());
    }

    private void raise(int number) {
        if (!signal.compareAndSet(0, number)) {
            Runtime.getRuntime().halt(SIGNALLED + number);
        }
    }
}
