package dev.vicreg.training.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** What slf4j-simple writes to the standard error stream. */
public final class Logged {
    private Logged() {}

    /** What is done meanwhile. */
    public interface Action {
        void run() throws IOException;
    }

    /** The log's lines, empty for none. */
    public static String during(Action action) throws IOException {
        PrintStream before = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        try {
            System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
            action.run();
        } finally {
            System.setErr(before);
        }
        return log.toString(StandardCharsets.UTF_8);
    }
}
