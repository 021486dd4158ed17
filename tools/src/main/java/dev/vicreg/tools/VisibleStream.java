package dev.vicreg.tools;

import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Writes control characters so that they are seen, as {@code \x1b}, and no terminal obeys them: what is printed has names of
 * files, tensors and columns in it that others chose. Line ends and tabs stay, and a carriage return that begins what is
 * printed at once, with which progress draws its line again. Text in UTF-8 or another encoding that begins as ASCII does.
 */
final class VisibleStream extends FilterOutputStream {
    private static final int NONE = -1;
    private static final int C1_PREFIX = 0xC2; // of U+0080 to U+009F in UTF-8

    private int held = NONE; // a byte that the next one decides about

    VisibleStream(OutputStream out) {
        super(out);
    }

    /**
     * The same for text, in the encoding that Java found for the stream {@code stdout} or {@code stderr}.
     *
     * @param wording what is done to each text before
     */
    static PrintStream over(PrintStream stream, String name, UnaryOperator<String> wording) {
        String charset = System.getProperty(name + ".encoding", System.getProperty("sun." + name + ".encoding"));
        return new PrintStream(
                new VisibleStream(stream),
                true,
                Charset.forName(Objects.requireNonNullElse(
                        charset, Charset.defaultCharset().name()))) {
            @Override
            public void print(@Nullable String text) { // println calls it, too
                super.print(wording.apply(String.valueOf(text)));
            }
        };
    }

    /** @throws IOException if what was written could not be, which a {@link PrintStream} keeps to itself */
    @Override
    public synchronized void flush() throws IOException {
        if (out instanceof PrintStream printed && printed.checkError()) { // flushes
            throw new IOException("cannot be written");
        }
        out.flush();
    }

    @Override
    public synchronized void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public synchronized void write(byte[] bytes, int from, int count) throws IOException {
        ByteArrayOutputStream visible = new ByteArrayOutputStream(count);
        int start = from;
        if (count > 0 && held == NONE && bytes[from] == '\r') {
            visible.write('\r');
            start++;
        }
        for (int i = start; i < from + count; i++) {
            take(bytes[i] & 255, visible);
        }
        visible.writeTo(out);
    }

    private void take(int b, ByteArrayOutputStream visible) {
        if (held == '\r') { // part of a line end or not
            held = NONE;
            if (b == '\n') {
                visible.write('\r');
            } else {
                escape('\r', visible);
            }
        } else if (held == C1_PREFIX) {
            held = NONE;
            if (b >= 0x80 && b <= 0x9F) {
                escape(b, visible);
                return;
            }
            visible.write(C1_PREFIX);
        }
        if (b == '\r' || b == C1_PREFIX) {
            held = b;
        } else if ((b < 0x20 && b != '\n' && b != '\t') || b == 0x7F) {
            escape(b, visible);
        } else {
            visible.write(b);
        }
    }

    private static void escape(int character, ByteArrayOutputStream visible) {
        visible.writeBytes(String.format("\\x%02x", character).getBytes(StandardCharsets.US_ASCII));
    }
}
