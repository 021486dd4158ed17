package dev.vicreg.serve;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;
import org.eclipse.jetty.io.Content;

/**
 * Reads a request's body as it comes, without holding a thread, and takes its memory from what all bodies share as it
 * grows: who announces much and sends nothing takes nothing.
 */
final class BodyReader implements AutoCloseable {
    private static final int FIRST = 8 << 10;

    private final Content.Source source;
    private final long most;
    private final Budget memory;
    private final int factor;
    private final CompletableFuture<byte[]> whole = new CompletableFuture<>();
    private byte[] bytes = new byte[0];
    private int count;
    private long taken; // of the budget
    private boolean closed;

    /**
     * @param most bytes, as sent and decompressed
     * @param memory that all bodies share
     * @param factor how many times its size a body takes until it is answered
     */
    BodyReader(Content.Source source, long most, Budget memory, int factor) {
        this.source = source;
        this.most = most;
        this.memory = memory;
        this.factor = factor;
    }

    /** The body, once it is there; a {@link Refusal} if it is too large. */
    CompletableFuture<byte[]> read() {
        more();
        return whole;
    }

    /** Gives up on what hasn't come yet. */
    void fail(Refusal why) {
        whole.completeExceptionally(why);
    }

    private void more() {
        try {
            while (!whole.isDone()) {
                Content.Chunk chunk = source.read();
                if (chunk == null) {
                    source.demand(this::more);
                    return;
                }
                if (Content.Chunk.isFailure(chunk)) {
                    whole.completeExceptionally(chunk.getFailure());
                    return;
                }
                boolean last = chunk.isLast();
                try {
                    append(chunk.getByteBuffer());
                } finally {
                    chunk.release();
                }
                if (last) {
                    whole.complete(count == bytes.length ? bytes : Arrays.copyOf(bytes, count));
                }
            }
        } catch (RuntimeException | Error e) {
            whole.completeExceptionally(e);
        }
    }

    private void append(ByteBuffer more) {
        int size = more.remaining();
        if (size > 0) {
            room(size);
            more.get(bytes, count, size);
            count += size;
        }
    }

    private void room(int more) {
        long needed = (long) count + more;
        if (needed > most) {
            throw tooLarge(most);
        }
        if (needed > bytes.length) {
            long size = Math.min(most, Math.max(needed, Math.max(FIRST, 2L * bytes.length)));
            take(size - bytes.length);
            bytes = Arrays.copyOf(bytes, (int) size);
        }
    }

    private synchronized void take(long more) {
        long part = more * factor;
        if (closed || !memory.tryTake(part)) {
            throw taken + part > memory.total()
                    ? Refusal.tooLarge("the body takes more memory than this server has for all of them")
                    : Refusal.later(503, "not enough memory for this body now");
        }
        taken += part;
    }

    static Refusal tooLarge(long most) {
        return Refusal.tooLarge("the body is larger than " + most + " bytes (`max-body-mb`)");
    }

    /**
     * The body without its content coding.
     *
     * @param coding gzip, deflate, identity or empty
     * @throws Refusal if it can't be decompressed, or is larger then
     */
    byte[] decoded(byte[] body, String coding) {
        if (coding.isEmpty() || coding.equals("identity")) {
            return body;
        }
        try (InputStream coded = new ByteArrayInputStream(body);
                InputStream plain =
                        coding.equals("deflate") ? new InflaterInputStream(coded) : new GZIPInputStream(coded)) {
            bytes = new byte[0];
            count = 0;
            byte[] part = new byte[FIRST];
            for (int size = plain.read(part); size >= 0; size = plain.read(part)) {
                append(ByteBuffer.wrap(part, 0, size));
            }
            return Arrays.copyOf(bytes, count);
        } catch (IOException e) {
            throw Refusal.bad("the body is no valid " + coding).because(e);
        }
    }

    /** Gives the memory back; the body is of no use any more. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            memory.give(taken);
        }
    }
}
