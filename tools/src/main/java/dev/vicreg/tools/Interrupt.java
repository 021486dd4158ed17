package dev.vicreg.tools;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/**
 * Turns Ctrl-C, a request to end and a closed terminal into a flag for the commands that have something to save; the
 * others end at once.
 *
 * <p>Neither may run Java's shutdown hooks: ONNX Runtime's own hook closes its environment under whatever is running,
 * which was seen to crash the process.
 */
final class Interrupt implements BooleanSupplier {
    private static final Map<String, Integer> SIGNALS = Map.of("HUP", 1, "INT", 2, "TERM", 15);
    private static final int SIGNALLED = 128; // added by convention to the signal's number

    private final AtomicInteger signal = new AtomicInteger();
    private volatile boolean polled;

    /** Listens for signals from now on. */
    Interrupt() {
        SIGNALS.forEach(this::listen);
    }

    /** {@code Signal.handle(new Signal(name), signal -> raise(number))}, which the compiler warns of, come what may. */
    private void listen(String name, int number) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal"); // in the module jdk.unsupported of every JDK
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object raise = Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, (proxy, m, a) -> {
                raise(number);
                return null;
            });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), raise);
        } catch (InvocationTargetException e) {
            // not this machine's: Windows has no HUP, and with -Xrs all are left to the system
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("This Java has no sun.misc.Signal", e);
        }
    }

    /** Whether a signal came. From the first call on it is the caller who ends; a second signal still ends at once. */
    @Override
    public boolean getAsBoolean() {
        polled = true;
        return signal.get() != 0;
    }

    /** The exit status if a signal came. */
    OptionalInt status() {
        return signal.get() == 0 ? OptionalInt.empty() : OptionalInt.of(SIGNALLED + signal.get());
    }

    private void raise(int number) {
        if (!signal.compareAndSet(0, number) || !polled) {
            Runtime.getRuntime().halt(SIGNALLED + number);
        }
    }
}
