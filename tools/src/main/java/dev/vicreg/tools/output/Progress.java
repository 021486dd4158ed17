package dev.vicreg.tools.output;

import dev.vicreg.tools.cli.Console;
import java.time.Duration;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * How far a long task is: a bar on a terminal, elsewhere a line every few seconds. Used by one thread.
 */
public final class Progress implements AutoCloseable {
    private static final long LINE_EVERY_NANOS = Duration.ofSeconds(10).toNanos();

    private final Console console;
    private final String task;
    private final long total;
    private final long started = System.nanoTime();
    private final @Nullable ProgressBar bar;
    private long first = -1;
    private long lastLine = started;

    /**
     * Starts.
     *
     * @param task what is being done, a word or two
     * @param total steps of the whole task
     */
    public Progress(Console console, String task, long total) {
        this.console = console;
        this.task = task;
        this.total = total;
        this.bar = console.terminal() ? bar(console, task, total) : null;
    }

    private static ProgressBar bar(Console console, String task, long total) {
        return new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(total)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(500)
                .setConsumer(new ConsoleProgressBarConsumer(console.err()))
                .build();
    }

    /**
     * Says how many steps are done.
     *
     * @param note what else to show, such as the loss; may be empty
     */
    public void at(long done, String note) {
        if (first < 0) {
            first = done; // a resumed task starts in the middle
        }
        if (bar != null) {
            bar.stepTo(done);
            bar.setExtraMessage(note);
            return;
        }
        long now = System.nanoTime();
        if (now - lastLine >= LINE_EVERY_NANOS || done == total) {
            lastLine = now;
            console.err()
                    .println(task + " " + done + "/" + total + (note.isEmpty() ? "" : "  " + note) + left(now, done));
        }
    }

    private String left(long now, long done) {
        if (done <= first || done >= total) {
            return "";
        }
        long seconds = (long) ((now - started) / 1e9 / (done - first) * (total - done));
        return "  " + (seconds < 60 ? seconds + " s" : (seconds + 30) / 60 + " min") + " left";
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
