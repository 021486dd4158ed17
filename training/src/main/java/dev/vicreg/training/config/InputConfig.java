package dev.vicreg.training.config;

import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.models.setting.Schema;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.step.ViewInput;
import java.io.IOException;
import java.util.Locale;

/**
 * What a branch takes: how its data are read, how views of them are made, how those enter the graph, and what the exported
 * encoder takes. One record for each kind of data, whose components are options and config.json at once; the kinds that
 * there are stand in {@link InputKind#ALL}.
 *
 * <p>An {@link Input} says to an application what of this it has to know; it can't be the same record, since an
 * application has neither options nor data sets. {@link #served} and {@link InputKind#of(Input)} go from one to the other.
 */
public sealed interface InputConfig permits PictureInput, VectorInput, SignalInput, SequenceInput, FileInput {
    /** What samples are. */
    Kind<?> kind();

    /** What trains on these unless told otherwise. */
    String encoder();

    /** Which encoders of this project take these, for an error. */
    default String encoders() {
        return encoder();
    }

    /** What the samples are called, as precisely as a network must know it. */
    default String noun() {
        return kind().noun();
    }

    /** How data are read. */
    DataOptions reading();

    /**
     * How views enter the graph.
     *
     * @param takes what the encoder takes
     * @throws IllegalArgumentException if that is not what these data can be brought to
     */
    ViewInput view(Encoders.Input takes);

    /** Side of the pictures that an encoder sees; 0 where it sees none. */
    default int pictureSize(Encoders.Input takes) {
        return 0;
    }

    /** How many ids an encoder knows; 0 for other input. */
    default int vocabulary() {
        return 0;
    }

    /**
     * Refuses data that are not as these say, though they were read so: to know before anything is computed.
     *
     * @throws IllegalArgumentException if they are of another kind, or hold what the encoder does not take
     */
    default void requireFits(Dataset<?> data) {
        kind().require(data);
    }

    /**
     * How views are made of data that were read so.
     *
     * @throws IllegalArgumentException if data or augmentation are of another kind
     */
    ViewSource views(Dataset<?> data, Augmentation augmentation);

    /** These views as an encoder takes them that came as a file, which is fed what it is used to. */
    default ViewSource asFed(ViewSource views, OnnxConfig file) throws IOException {
        return views;
    }

    /** How samples are brought to another form, for an error; empty where they can't be. */
    default String remedy() {
        return "";
    }

    /** The same for a second branch, which may see the same samples in another way. */
    default InputConfig ofSecondBranch(Schema.Source options) {
        return this;
    }

    /** What an encoder that came as a file takes, and how that file is read. */
    record Fitted(InputConfig input, OnnxConfig file) {}

    /**
     * These data and the file of an encoder, brought together: sizes that one leaves open are the other's.
     *
     * @param encoder what messages call the file
     * @param options those that were given win over the file
     * @throws IOException if the file cannot be read
     */
    default Fitted fitted(OnnxConfig file, String encoder, Schema.Source options) throws IOException {
        return new Fitted(this, file);
    }

    /** What an exported encoder of this project takes. */
    Input<?> served();

    /**
     * What an encoder takes that came as a file: as its file has it, on the scale that it was trained with.
     *
     * @param name of the input
     */
    Input<?> served(String name, EncoderInput file);

    /** The same in the sizes of a file's encoder, where options don't say others. */
    default InputConfig sized(EncoderInput file, Schema.Source options) {
        return this;
    }

    /** The same without what was measured on the data: for an encoder that was not trained on these. */
    default InputConfig unmeasured() {
        return this;
    }

    /** Refuses an encoder that takes something else. */
    default void require(boolean fits, Encoders.Input takes) {
        if (!fits) {
            throw new SettingException("The encoder takes " + takes.name().toLowerCase(Locale.ROOT) + ", the data are "
                    + kind().noun() + "; choose one that fits, such as `encoder` " + encoders());
        }
    }
}
