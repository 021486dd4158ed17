package dev.vicreg.models.onnx;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * Streams that pass large arrays on in pieces. The JDK copies what goes to or comes from a file through native memory of
 * the same size, and keeps that for the thread's lifetime: with tensors of 100 MB at once it would be 100 MB.
 */
final class ChunkedStreams {
    /** The size of a piece. */
    static final int BYTES = 1 << 20;

    private ChunkedStreams() {}

    /** Reads at most one piece at a time. */
    static final class Input extends FilterInputStream {
        Input(InputStream in) {
            super(in);
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            return in.read(target, offset, Math.min(length, BYTES));
        }
    }

    /** Writes one piece after the other. */
    static final class Output extends FilterOutputStream {
        Output(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] source, int offset, int length) throws IOException {
            for (int done = 0; done < length; done += BYTES) {
                out.write(source, offset + done, Math.min(length - done, BYTES));
            }
        }
    }
}
