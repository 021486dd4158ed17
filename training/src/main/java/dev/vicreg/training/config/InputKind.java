package dev.vicreg.training.config;

import dev.vicreg.models.setting.Schema;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.sequence.SequenceKind;
import dev.vicreg.training.data.signal.SignalKind;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.vector.VectorKind;
import java.io.IOException;
import java.util.List;
import java.util.function.Function;

/**
 * What settings there are for a kind of data, and where they come from: options and data, or the manifest of a model.
 *
 * @param <C> the settings
 * @param <I> what models take
 */
public final class InputKind<C extends Record & InputConfig, I extends Input<?>> {
    /** Those that there are, in the order of {@code help}; the first is meant where there are no data. */
    public static final List<InputKind<?, ?>> ALL = List.of(
            new InputKind<>(
                    PictureKind.PICTURES,
                    PictureInput.class,
                    (options, data) -> PictureInput.of(options),
                    Input.Pictures.class,
                    PictureInput::of),
            new InputKind<>(
                    VectorKind.VECTORS, VectorInput.class, VectorInput::of, Input.Vectors.class, VectorInput::of),
            new InputKind<>(
                    SignalKind.SIGNALS, SignalInput.class, SignalInput::of, Input.Signals.class, SignalInput::of),
            new InputKind<>(
                    SequenceKind.SEQUENCES,
                    SequenceInput.class,
                    SequenceInput::of,
                    Input.Sequences.class,
                    SequenceInput::of));

    private final Kind<?> kind;
    private final Class<C> settings;
    private final Reading<C> reading;
    private final Class<I> served;
    private final Function<I, C> ofServed;

    private InputKind(Kind<?> kind, Class<C> settings, Reading<C> reading, Class<I> served, Function<I, C> ofServed) {
        this.kind = kind;
        this.settings = settings;
        this.reading = reading;
        this.served = served;
        this.ofServed = ofServed;
    }

    /** The data as they are read with these options; they are read for those alone who ask for them. */
    public interface Source {
        Dataset<?> read(DataOptions options) throws IOException;
    }

    private interface Reading<C> {
        C read(Schema.Source options, Source data) throws IOException;
    }

    /** The row of a kind. */
    public static InputKind<?, ?> of(Kind<?> kind) {
        return ALL.stream().filter(each -> each.kind == kind).findFirst().orElseThrow();
    }

    /** What a model takes, as settings: how data are read for it, and which fit. */
    public static InputConfig of(Input<?> input) {
        return ALL.stream()
                .filter(each -> each.served.isInstance(input))
                .findFirst()
                .orElseThrow()
                .config(input);
    }

    private InputConfig config(Input<?> input) {
        return ofServed.apply(served.cast(input));
    }

    /** The kind. */
    public Kind<?> kind() {
        return kind;
    }

    /** The record that declares its options. */
    public Class<C> settings() {
        return settings;
    }

    /**
     * What options and data say, before it is known what the file of an encoder takes: see {@link InputConfig#fitted}.
     *
     * @throws IllegalArgumentException if an option does not go with the data
     * @throws IOException if the data can't be read
     */
    public C read(Schema.Source options, Source data) throws IOException {
        return reading.read(options, data);
    }
}
