package dev.vicreg.tools.output;

import dev.vicreg.tools.cli.Console;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How far a long task is: on a terminal one line that is drawn again and again, elsewhere a line after a second and then
 * every few seconds, also where no step ends meanwhile. Thread-safe.
 *
 * <p>The line is made for the 80 columns that every terminal has, so that the terminal need not be asked. Libraries that ask
 * it take over its signals too, and Ctrl-C would no longer reach a {@link Console.Hold}.
 */
public final class Progress implements AutoCloseable {
    private static final Duration DRAWN_EVERY = Duration.ofMillis(250);
    private static final Duration LINE_EVERY = Duration.ofSeconds(10);
    private static final Duration SOON = Duration.ofSeconds(1);
    private static final int COLUMNS = 79; // in the last one many terminals start a new line
    private static final int BAR = 10;

    private final Console console;
    private final String task;
    private final long total;
    private final Duration every;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(Progress::daemon);
    private long next;
    private long latest;
    private String latestPace = "";
    private String[] latestNotes = {};
    private @Nullable ScheduledFuture<?> pending;
    private boolean closed;
    private long first = -1;
    private long firstTime;

    /**
     * Starts.
     *
     * @param task what is being done, a word or two
     * @param start steps that are done already, as of a resumed task
     * @param total steps of the whole task
     */
    public Progress(Console console, String task, long start, long total) {
        this(console, task, start, total, SOON, LINE_EVERY);
    }

    /**
     * With times of its own where there is no terminal.
     *
     * @param soon until the first line
     * @param every between two lines
     */
    Progress(Console console, String task, long start, long total, Duration soon, Duration every) {
        this.console = console;
        this.task = task;
        this.total = total;
        this.every = console.terminal() ? DRAWN_EVERY : every;
        latest = start;
        next = System.nanoTime() + soon.toNanos();
        if (console.terminal()) {
            draw(start, "");
        } else {
            pending = timer.schedule(this::tick, soon.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work, "progress");
        thread.setDaemon(true);
        return thread;
    }

    /** Says where the task is if nothing has for so long. */
    private synchronized void tick() {
        if (closed) {
            return;
        }
        long now = System.nanoTime();
        if (now - next >= 0) {
            line(latest, latestPace, latestNotes);
            next = now + every.toNanos();
        }
        pending = timer.schedule(this::tick, Math.max(1, next - now), TimeUnit.NANOSECONDS);
    }

    /**
     * Says how many steps are done.
     *
     * @param notes what else to show, such as the loss, the most important first; what has no room on a terminal is left out
     */
    public synchronized void at(long done, String... notes) {
        long now = System.nanoTime();
        String pace = pace(now, done);
        latest = done;
        latestPace = pace;
        latestNotes = notes;
        if (done < total && now - next < 0 && !(console.terminal() && done == first)) {
            return;
        }
        next = now + every.toNanos();
        if (console.terminal()) {
            draw(done, pace, notes);
        } else {
            line(done, pace, notes);
        }
    }

    /** Says something beside, in a line of its own. */
    public synchronized void say(String text) {
        if (console.terminal()) {
            console.err().print("\r" + " ".repeat(COLUMNS) + "\r");
        }
        console.err().println(text);
        if (console.terminal()) {
            draw(latest, latestPace, latestNotes);
        }
    }

    private void line(long done, String pace, String... notes) {
        String note = Stream.of(notes).filter(each -> !each.isEmpty()).collect(Collectors.joining(" "));
        console.err().println(task + " " + done + "/" + total + (note.isEmpty() ? "" : "  " + note) + pace);
    }

    /** Rate and time left, measured from the end of the first step on: it includes what is done only once. */
    private String pace(long now, long done) {
        if (first < 0) {
            first = done;
            firstTime = now;
        }
        if (done <= first || done >= total) {
            return "";
        }
        double rate = (done - first) / ((now - firstTime) * 1e-9);
        double seconds = (total - done) / rate;
        String left = seconds < 60
                ? String.format(Locale.ROOT, "%.0f s", seconds)
                : seconds < 100 * 60
                        ? String.format(Locale.ROOT, "%.0f min", seconds / 60)
                        : String.format(Locale.ROOT, "%.0f h", seconds / 3600);
        return String.format(Locale.ROOT, rate < 10 ? "  %.2f/s  %s left" : "  %.0f/s  %s left", rate, left);
    }

    private void draw(long done, String pace, String... notes) {
        int filled = (int) (BAR * done / Math.max(1, total));
        StringBuilder line = new StringBuilder(task)
                .append(" [")
                .append("=".repeat(filled))
                .append(" ".repeat(BAR - filled))
                .append("] ")
                .append(done)
                .append('/')
                .append(total)
                .append(pace);
        for (String note : notes) {
            if (!note.isEmpty() && line.length() + 2 + note.length() <= COLUMNS) {
                line.append("  ").append(note);
            }
        }
        console.err().print("\r" + line + " ".repeat(Math.max(0, COLUMNS - line.length())));
        console.err().flush();
    }

    /** Ends the line. */
    @Override
    public synchronized void close() {
        closed = true;
        if (pending != null) {
            pending.cancel(false);
        }
        timer.shutdown();
        if (console.terminal()) {
            console.err().println();
        }
    }
}
