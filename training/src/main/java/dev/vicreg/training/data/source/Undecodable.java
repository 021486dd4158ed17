package dev.vicreg.training.data.source;

import java.io.IOException;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Samples of one set that could not be decoded: each is named in the log, and more than one in a hundred is an error.
 * Thread-safe.
 */
public final class Undecodable {
    private static final Logger log = LoggerFactory.getLogger(Undecodable.class);

    private final String where;
    private final String noun;
    private final int total;
    private final TreeMap<Integer, IOException> failures = new TreeMap<>();

    /**
     * @param noun what the samples are called
     * @param total samples of the set, undecodable ones included
     */
    public Undecodable(String where, String noun, int total) {
        this.where = where;
        this.noun = noun;
        this.total = total;
    }

    public synchronized boolean contains(int index) {
        return failures.containsKey(index);
    }

    synchronized int count() {
        return failures.size();
    }

    public synchronized void add(int index, IOException failure) {
        if (failures.putIfAbsent(index, failure) == null && !tooMany()) {
            log.warn("skipped: {}", failure.getMessage());
        }
    }

    /** Reads and decodes the sample at an index. */
    public interface Reader<T> {
        T read(int index) throws IOException;
    }

    /**
     * What is wanted, or the next in the set that can be decoded; the first follows the last.
     *
     * @throws IOException as {@link #check}
     */
    public <T> T next(int wanted, Reader<T> reader) throws IOException {
        int index = wanted;
        while (true) {
            if (!contains(index)) {
                try {
                    return reader.read(index);
                } catch (IOException e) {
                    add(index, e);
                    check();
                }
            }
            index = (index + 1) % total;
        }
    }

    /**
     * Ends reading where too much is broken.
     *
     * @throws IOException if more than 1 % of the samples could not be decoded
     */
    public synchronized void check() throws IOException {
        if (tooMany()) {
            IOException first = failures.firstEntry().getValue();
            throw new IOException(
                    failures.size() + " of the " + total + " " + noun + " in " + where
                            + " cannot be decoded, more than 1 %; remove or repair them. The first: "
                            + first.getMessage(),
                    first);
        }
    }

    private boolean tooMany() {
        return failures.size() * 100L > total;
    }
}
