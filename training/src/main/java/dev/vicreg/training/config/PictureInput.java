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
import dev.vicreg.training.data.kind.Kind;
import dev.vicreg.training.data.picture.NormalisedPictures;
import dev.vicreg.training.data.picture.PictureKind;
import dev.vicreg.training.data.picture.PictureViews;
import dev.vicreg.training.data.source.DataOptions;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.step.ViewInput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Pictures.
 *
 * @param imageSize height and width in pixels
 * @param channels 3 of colours, 1 of grey levels
 * @param mean per channel on a scale of 0 to 1, taken off inside the graph
 * @param std standard deviation per channel on a scale of 0 to 1, divided by inside the graph
 */
@Variant("picture")
public record PictureInput(
        @Option(
                help = "side of the pictures it sees, or their height and width",
                argument = "PIXELS|HxW",
                fallback = "32",
                codec = SizeText.class)
        PictureSize imageSize,

        @Option(help = "channels: 3 of pictures, or 1 of grey ones", min = 1, max = 1024)
        int channels,

        @Option(
                help = "taken off each channel, on a scale of 0 to 1; of three, grey pictures get the middle",
                argument = "R,G,B",
                fallback = "0.485,0.456,0.406",
                codec = Channels.class)
        List<Float> mean,

        @Option(
                help = "divides each channel, on a scale of 0 to 1",
                argument = "R,G,B",
                fallback = "0.229,0.224,0.225",
                codec = Channels.class)
        List<Float> std)
        implements InputConfig, Schema.Inferring {
    private static final int COLOURS = 3;

    /** Checks what the graph does not check itself. */
    public PictureInput {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        if (channels != mean.size()) {
            throw new SettingException("Channels: expected as many as means, " + mean.size() + ", found " + channels);
        }
    }

    /** Square ones. */
    public PictureInput(int side, int channels, List<Float> mean, List<Float> std) {
        this(PictureSize.square(side), channels, mean, std);
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
        int channels = options.<Integer>find("channels").orElse(COLOURS);
        if (channels != COLOURS && channels != 1) {
            throw new SettingException("`channels` of pictures must be 3, or 1 of grey ones, found " + channels);
        }
        return new PictureInput(
                options.<PictureSize>find("image-size").orElseThrow(),
                channels,
                each(channels, options.<List<Float>>find("mean").orElseThrow()),
                each(channels, options.<List<Float>>find("std").orElseThrow()));
    }

    /** For each channel; of grey pictures the middle of the colours'. */
    private static List<Float> each(int channels, List<Float> moments) {
        double middle = moments.stream().mapToDouble(each -> each).average().orElse(0);
        return channels == 1 && moments.size() == COLOURS ? List.of((float) middle) : moments;
    }

    /** What a model takes. */
    static PictureInput of(Input.Pictures input) {
        return new PictureInput(input.size(), input.channels(), input.mean(), input.deviation());
    }

    /** Three channels need not be asked for. */
    @Override
    public boolean isInferred(String option) {
        return option.equals("channels") && channels == COLOURS;
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
        return imageSize.shorter();
    }

    @Override
    public DataOptions reading() {
        return DataOptions.DEFAULT;
    }

    @Override
    public ViewInput view(Encoders.Input takes) {
        require(takes == Encoders.Input.PICTURES, takes);
        return new ViewInput.Pictures(imageSize.height(), imageSize.width(), mean, std);
    }

    @Override
    public ViewSource views(Dataset<?> data, Augmentation augmentation) {
        return new PictureViews(PictureKind.PICTURES.require(data), augmentation, imageSize, channels);
    }

    @Override
    public ViewSource asFed(ViewSource views, OnnxConfig file) throws IOException {
        return file.input().element() == ElementType.FLOAT
                ? new NormalisedPictures(views, mean, std, file.takes().channelsFirst())
                : views;
    }

    /** Of the file's size unless one was asked for; a file that takes no pictures is fed what it takes. */
    @Override
    public Fitted fitted(OnnxConfig file, String encoder, Schema.Source options) throws IOException {
        EncoderInput takes = file.takes();
        if (takes.pictures().isEmpty()) {
            return new Fitted(new FileInput(encoder), file);
        }
        PictureInput own = sized(takes, options);
        long height = own.imageSize.height();
        long width = own.imageSize.width();
        long colours = own.channels;
        return new Fitted(
                own,
                file.withSample(
                        takes.channelsFirst() ? List.of(colours, height, width) : List.of(height, width, colours)));
    }

    @Override
    public PictureInput sized(EncoderInput file, Schema.Source options) {
        PictureSize size = options.isGiven("image-size") ? imageSize : file.pictureSize(imageSize);
        int own = options.isGiven("channels") ? channels : file.channels();
        return new PictureInput(size, own, each(own, mean), each(own, std));
    }

    @Override
    public Input<?> served() {
        return Input.pictures(imageSize, mean, std);
    }

    @Override
    public Input<?> served(String name, EncoderInput file) {
        boolean bytes = file.type().element() == ElementType.UINT8;
        String layout = file.channelsFirst() ? Input.Pictures.CHANNELS_FIRST : Input.Pictures.CHANNELS_LAST;
        return Input.pictures(name, imageSize, mean, std, bytes ? null : layout);
    }
}
