package dev.vicreg.training.data.signal;

import dev.vicreg.runtime.signal.Signal;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.NpyFile;
import dev.vicreg.training.data.source.RowLabels;
import dev.vicreg.training.data.source.Samples;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The signals of an array [N,C,T] in NumPy's format, uncompressed and in memory. */
public final class SignalArray implements Samples<Signal> {
    private final int[] shape;
    private final float[] values; // [N,C,T]
    private final int rate;
    private final RowLabels labels;

    private SignalArray(int[] shape, float[] values, int rate, List<String> classes) {
        this.shape = shape;
        this.values = values;
        this.rate = rate;
        labels = new RowLabels(shape[0], classes);
    }

    /**
     * Reads an opened array, and closes it.
     *
     * @throws IOException if it is empty, holds a value that is not finite, or has other channels than asked for
     */
    public static SignalArray read(NpyFile array, DataOptions reading) throws IOException {
        Path file = array.path();
        int[] shape = array.shape();
        float[] values = array.floats();
        if (values.length == 0) {
            throw new IOException(file + " holds no values: its shape is " + Arrays.toString(shape));
        }
        int channels = shape[1];
        if (reading.channels() != 1 && reading.channels() != channels) {
            throw new IOException(
                    file + " has " + channels + " channels, expected " + reading.channels() + "; leave out `channels`");
        }
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                int length = shape[2];
                throw new IOException(file + ": value [" + i / length / channels + ", " + i / length % channels + ", "
                        + i % length + "] is " + values[i] + ", expected a finite number");
            }
        }
        List<String> classes = new ArrayList<>(RowLabels.beside(file, shape[0]));
        return new SignalArray(shape, values, reading.rate(), classes);
    }

    @Override
    public int size() {
        return shape[0];
    }

    @Override
    public String noun() {
        return SignalKind.NOUN;
    }

    @Override
    public String name(int index) {
        return "signal " + (index + 1);
    }

    @Override
    public int label(int index) {
        return labels.of(index);
    }

    @Override
    public List<String> labelNames() {
        return labels.names();
    }

    @Override
    public long encodedSize(int index) {
        return (long) shape[1] * shape[2] * Float.BYTES;
    }

    @Override
    public byte[] encoded(int index) {
        int count = shape[1] * shape[2];
        ByteBuffer bytes = ByteBuffer.allocate(count * Float.BYTES);
        bytes.asFloatBuffer().put(values, index * count, count);
        return bytes.array();
    }

    @Override
    public Signal decode(int index, byte[] encoded) {
        int length = shape[2];
        float[][] samples = new float[shape[1]][];
        for (int c = 0; c < samples.length; c++) {
            int from = (index * samples.length + c) * length;
            samples[c] = Arrays.copyOfRange(values, from, from + length);
        }
        return new Signal(samples, rate);
    }

    @Override
    public long decodedSize(Signal signal) {
        return 0;
    }

    @Override
    public boolean isCompressed() {
        return false;
    }

    @Override
    public boolean mixesTrainAndTest() {
        return false;
    }

    @Override
    public void close() {}
}
