package dev.vicreg.tools;

import dev.vicreg.tools.cli.Console;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Turns Ctrl-C, a request to end and a closed terminal into a flag for tasks that have something to save; all else ends at
 * once.
 *
 * <p>Neither may run Java's shutdown hooks: ONNX Runtime's own hook closes its environment under whatever is running,
 * which was seen to crash the process.
 */
final class Interrupt implements Supplier<Console.Hold> {
    private static final int HUP = 1;
    private static final int INTERRUPTED = 2;
    private static final int TERM = 15;
    private static final Map<String, Integer> SIGNALS = Map.of("HUP", HUP, "INT", INTERRUPTED, "TERM", TERM);
    private static final int SIGNALLED = 128; // added by convention to the signal's number

    private final AtomicInteger signal = new AtomicInteger();
    private final AtomicInteger holds = new AtomicInteger();
    private final AtomicBoolean told = new AtomicBoolean();
    private final AtomicReference<@Nullable Runnable> hangUp = new AtomicReference<>(); // of a server
    private final PrintStream messages;

    /** Listens for signals from now on. */
    Interrupt(PrintStream messages) {
        this.messages = messages;
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

    @Override
    public Console.Hold get() {
        holds.incrementAndGet();
        return new Console.Hold() {
            @Override
            public boolean isStopRequested() {
                return signal.get() != 0;
            }

            @Override
            public void requestStop() {
                signal.compareAndSet(0, INTERRUPTED);
            }

            @Override
            public void serves(Runnable onHangUp) {
                hangUp.set(onHangUp);
            }

            @Override
            public void close() {
                holds.decrementAndGet();
            }
        };
    }

    /** The exit status if a signal came. */
    OptionalInt status() {
        boolean regular = hangUp.get() != null && signal.get() == TERM;
        return signal.get() == 0 || regular ? OptionalInt.empty() : OptionalInt.of(SIGNALLED + signal.get());
    }

    private void raise(int number) {
        Runnable reload = hangUp.get();
        if (number == HUP && reload != null) {
            reload.run();
            return;
        }
        boolean first = signal.compareAndSet(0, number);
        if (holds.get() == 0) {
            Runtime.getRuntime().halt(SIGNALLED + number);
        }
        if (!first && told.compareAndSet(false, true)) { // said below the line of progress that may be there
            messages.println(System.lineSeparator() + "stopping: what was done is being saved; kill -9 "
                    + ProcessHandle.current().pid() + " ends at once and loses it");
        }
    }
}
