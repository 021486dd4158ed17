package dev.vicreg.training.config;

import dev.vicreg.models.encoder.Encoders;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.setting.Codec;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.Schema;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.models.setting.Variant;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.input.PictureSize;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.picture.NormalisedPictures;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.picture.PictureViews;
import dev.vicreg.training.data.picture.PlanarPictures;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.step.ViewInput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Pictures.
 *
 * @param sizes height and width in pixels; several where they grow
 * @param channels 3 of colours, 1 of grey levels, 2 and 4 with alpha, or up to 16 others
 * @param mean per channel on a scale of 0 to 1, taken off inside the graph
 * @param std standard deviation per channel on a scale of 0 to 1, divided by inside the graph
 */
@Variant("picture")
public record PictureInput(
        @Option(
                name = "image-size",
                help =
                        "side of the pictures it sees, or their height and width; sizes that grow as 16:10,24:10,32:10, with"
                                + " epochs of each, or 16:50%,32, with shares of the run",
                argument = "PIXELS|HxW",
                fallback = "32",
                codec = PictureSizes.Text.class)
        PictureSizes sizes,

        @Option(
                help = "channels: 3 of pictures, 1 of grey ones, 2 or 4 with alpha, up to 16 of others",
                min = 1,
                max = 1024)
        int channels,

        @Option(
                help =
                        "taken off each channel, on a scale of 0 to 1; of three, grey pictures get the middle; without it"
                                + " 0.5 for other channels than 1 or 3",
                argument = "R,G,B",
                fallback = "0.485,0.456,0.406",
                codec = Channels.class)
        List<Float> mean,

        @Option(
                help = "divides each channel, on a scale of 0 to 1; without it 0.5 for other channels than 1 or 3",
                argument = "R,G,B",
                fallback = "0.229,0.224,0.225",
                codec = Channels.class)
        List<Float> std)
        implements InputConfig, Schema.Inferring {
    private static final float MIDDLE = 0.5f;

    /** Checks what the graph does not check itself. */
    public PictureInput {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        if (channels != mean.size() || channels != std.size()) {
            throw new SettingException("`mean` and `std` of pictures of " + channels + " channels: expected " + channels
                    + " numbers, found " + mean.size() + " and " + std.size());
        }
    }

    /** Square ones. */
    public PictureInput(int side, int channels, List<Float> mean, List<Float> std) {
        this(PictureSizes.of(PictureSize.square(side)), channels, mean, std);
    }

    /** What the encoder is for, which a run's pictures may grow to. */
    public PictureSize size() {
        return sizes.last();
    }

    /** The same of one size. */
    PictureInput of(PictureSize size) {
        return new PictureInput(PictureSizes.of(size), channels, mean, std);
    }

    /** Numbers with commas between them. */
    static final class Channels implements Codec<List<Float>> {
        @Override
        public List<Float> parse(String text) {
            List<Float> values = new ArrayList<>();
            for (String part : text.split(",", -1)) {
                try {
                    values.add(Float.parseFloat(part));
                } catch (NumberFormatException e) {
                    throw new SettingException("must be numbers such as 0.5,0.5,0.5, found \"" + text + "\"", e);
                }
            }
            return values;
        }

        @Override
        public String text(List<Float> values) {
            return values.stream().map(Object::toString).collect(Collectors.joining(","));
        }
    }

    /** What options say of pictures; nothing follows from data. */
    public static PictureInput of(Schema.Source options) {
        List<Float> mean = options.<List<Float>>find("mean").orElseThrow();
        int channels =
                options.<Integer>find("channels").orElse(options.isGiven("mean") ? mean.size() : Picture.COLOURS);
        if (channels > Picture.MOST_CHANNELS) {
            throw new SettingException(
                    "`channels` of pictures must be 1 to " + Picture.MOST_CHANNELS + ", found " + channels);
        }
        List<Float> std = options.<List<Float>>find("std").orElseThrow();
        return new PictureInput(
                options.<PictureSizes>find("image-size").orElseThrow(),
                channels,
                each(channels, mean, options.isGiven("mean")),
                each(channels, std, options.isGiven("std")));
    }

    /** For each channel; of grey pictures the middle of the colours'. What is usual is so of those two alone. */
    private static List<Float> each(int channels, List<Float> moments, boolean given) {
        if (channels == 1 && moments.size() == Picture.COLOURS) {
            double middle = moments.stream().mapToDouble(each -> each).average().orElse(0);
            return List.of((float) middle);
        }
        return given || moments.size() == channels ? moments : Collections.nCopies(channels, MIDDLE);
    }

    /** What a model takes. */
    static PictureInput of(Input.Pictures input) {
        return new PictureInput(PictureSizes.of(input.size()), input.channels(), input.mean(), input.deviation());
    }

    /** Three channels need not be asked for. */
    @Override
    public boolean isInferred(String option) {
        return option.equals("channels") && channels == Picture.COLOURS;
    }

    @Override
    public Kind<?> kind() {
        return PictureKind.PICTURES;
    }

    @Override
    public String encoder() {
        return "resnet10";
    }

    @Override
    public String encoders() {
        return "resnet18";
    }

    @Override
    public int pictureSize(Encoders.Input takes) {
        return size().shorter();
    }

    @Override
    public DataOptions reading() {
        return channels == 1 || channels == Picture.COLOURS
                ? DataOptions.DEFAULT
                : new DataOptions(List.of(), null, 0, channels);
    }

    @Override
    public ViewInput view(Encoders.Input takes) {
        require(takes == Encoders.Input.PICTURES, takes);
        return new ViewInput.Pictures(size().height(), size().width(), mean, std);
    }

    @Override
    public ViewSource views(Dataset<?> data, Augmentation augmentation) {
        return new PictureViews(PictureKind.PICTURES.require(data), augmentation, size(), channels);
    }

    @Override
    public ViewSource asFed(ViewSource views, OnnxConfig file) throws IOException {
        boolean first = file.takes().channelsFirst();
        if (file.input().element() == ElementType.FLOAT) {
            return new NormalisedPictures(views, mean, std, first);
        }
        return first ? new PlanarPictures(views) : views;
    }

    /** Of the file's size unless one was asked for; a file that takes no pictures is fed what it takes. */
    @Override
    public Fitted fitted(OnnxConfig file, String encoder, Schema.Source options) throws IOException {
        EncoderInput takes = file.takes();
        if (takes.pictures().isEmpty()) {
            return new Fitted(new FileInput(encoder), file);
        }
        PictureInput own = sized(takes, options);
        return new Fitted(own, own.sampledBy(file));
    }

    /** The file for pictures of this size. */
    OnnxConfig sampledBy(OnnxConfig file) throws IOException {
        long height = size().height();
        long width = size().width();
        long colours = channels;
        return file.withSample(
                file.takes().channelsFirst() ? List.of(colours, height, width) : List.of(height, width, colours));
    }

    @Override
    public PictureInput sized(EncoderInput file, Schema.Source options) {
        PictureSizes size = options.isGiven("image-size") ? sizes : PictureSizes.of(file.pictureSize(size()));
        int own = options.isGiven("channels") ? channels : file.channels();
        return new PictureInput(
                size, own, each(own, mean, options.isGiven("mean")), each(own, std, options.isGiven("std")));
    }

    @Override
    public Input<?> served() {
        return Input.pictures(size(), mean, std);
    }

    @Override
    public Input<?> served(String name, EncoderInput file) {
        return Input.pictures(name, size(), mean, std, layout(file));
    }

    private static @Nullable String layout(EncoderInput file) {
        if (file.type().element() == ElementType.UINT8) {
            return file.channelsFirst() ? Input.Pictures.BYTES_CHANNELS_FIRST : null;
        }
        return file.channelsFirst() ? Input.Pictures.CHANNELS_FIRST : Input.Pictures.CHANNELS_LAST;
    }
}
