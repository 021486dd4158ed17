package dev.vicreg.serve;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.ConnectionMetaData;

/**
 * Closes connections on which no head of a request is complete in time. Jetty's idle timeout doesn't: each byte that
 * trickles in starts it anew. Thread-safe.
 */
final class Connections implements Connection.Listener {
    /**
     * How long clients may take.
     *
     * @param head from the connection's start to the end of its first request's head
     * @param pause from an answer to the end of the next request's head
     * @param body from the head to the end of the body
     * @param answer to take the answer
     * @param idle without a byte, but for while they wait for an answer
     */
    record Deadlines(Duration head, Duration pause, Duration body, Duration answer, Duration idle) {
        static final Deadlines DEFAULT = new Deadlines(
                Duration.ofSeconds(10),
                Duration.ofMinutes(2),
                Duration.ofMinutes(1),
                Duration.ofMinutes(1),
                Duration.ofSeconds(30));
    }

    /** What was last seen of a connection. */
    private record Seen(long messages, long since) {}

    private final Deadlines deadlines;
    private final Map<Connection, Seen> open = new ConcurrentHashMap<>();

    Connections(Deadlines deadlines) {
        this.deadlines = deadlines;
    }

    @Override
    public void onOpened(Connection connection) {
        if (connection instanceof ConnectionMetaData) { // which that of TLS around it is not
            open.put(connection, new Seen(0, System.nanoTime()));
        }
    }

    @Override
    public void onClosed(Connection connection) {
        open.remove(connection);
    }

    /** Closes what is late; to be called again and again. */
    void sweep() {
        long now = System.nanoTime();
        open.forEach((connection, seen) -> {
            long requests = connection.getMessagesIn();
            long messages = requests + connection.getMessagesOut();
            if (messages != seen.messages) {
                open.replace(connection, seen, new Seen(messages, now));
                return;
            }
            boolean waits = requests == connection.getMessagesOut();
            Duration allowed = requests == 0 ? deadlines.head() : deadlines.pause();
            if (waits && now - seen.since > allowed.toNanos()) {
                connection.getEndPoint().close();
            }
        });
    }

    /** How often to {@link #sweep}. */
    Duration interval() {
        Duration quarter = deadlines.head().dividedBy(4);
        return quarter.compareTo(Duration.ofSeconds(1)) < 0 ? quarter : Duration.ofSeconds(1);
    }
}
