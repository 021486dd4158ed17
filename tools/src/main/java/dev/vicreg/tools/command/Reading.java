package dev.vicreg.tools.command;

import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.output.Progress;
import dev.vicreg.training.data.source.Opening;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Shows how far data are read, once that takes longer than anyone wants to wait in silence. Thread-safe. */
final class Reading implements Opening {
    private final Console console;
    private final long silentNanos;
    private @Nullable Progress progress;
    private String task = "";
    private long started;
    private int count;
    private int done;

    Reading(Console console) {
        this(console, Duration.ofSeconds(1));
    }

    /** @param silent how long nothing is shown */
    Reading(Console console, Duration silent) {
        this.console = console;
        this.silentNanos = silent.toNanos();
    }

    @Override
    public synchronized void selected(String where, String noun, int samples) {
        task = "reading " + noun;
        started = System.nanoTime();
        count = samples;
        done = 0;
    }

    @Override
    public synchronized void read() {
        done++;
        if (progress == null && System.nanoTime() - started >= silentNanos) {
            progress = new Progress(console, task, done, count);
        }
        if (progress != null) {
            progress.at(done);
            if (done == count) {
                progress.close();
                progress = null;
            }
        }
    }
}
