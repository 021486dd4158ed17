package dev.vicreg.training.config;

import dev.vicreg.models.setting.Codec;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.input.PictureSize;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The sizes of pictures that a run trains on: one, or several one after another. Small pictures first cost less, and the
 * last epochs see the size that the encoder is for (progressive resizing: Howard, DAWNBench 2018; Tan and Le 2021,
 * EfficientNetV2).
 *
 * @param stages first to last, at least one
 */
public record PictureSizes(List<Stage> stages) {
    private static final double PER_CENT = 100;

    /**
     * A size, and how long it lasts.
     *
     * @param size of the pictures
     * @param length in epochs or in hundredths of the run; 0 for the rest of the run, which is the last one's whatever it says
     * @param unit of the length
     */
    public record Stage(PictureSize size, double length, Unit unit) {
        private long steps(long stepsPerEpoch, long total) {
            double steps = unit == Unit.EPOCHS ? length * stepsPerEpoch : length / PER_CENT * total;
            return Math.round(steps);
        }

        @Override
        public String toString() {
            String number = BigDecimal.valueOf(length).stripTrailingZeros().toPlainString();
            return size + (length == 0 ? "" : ":" + number + unit.sign);
        }
    }

    /** What lengths are counted in. */
    public enum Unit {
        EPOCHS(""),
        PER_CENT("%");

        private final String sign;

        Unit(String sign) {
            this.sign = sign;
        }
    }

    /** Checks that each but the last says how long it lasts. */
    public PictureSizes {
        stages = List.copyOf(stages);
        for (Stage stage : stages.subList(0, stages.size() - 1)) {
            if (stage.length == 0) {
                throw new SettingException("must say how long pictures of " + stage.size
                        + " pixels last, in epochs or as a share of the run, such as 16:10,32:20 or 16:50%,32, found \""
                        + text(stages) + "\"");
            }
        }
    }

    /** One size. */
    public static PictureSizes of(PictureSize size) {
        return new PictureSizes(List.of(new Stage(size, 0, Unit.EPOCHS)));
    }

    /** What the encoder is for: the last size. */
    public PictureSize last() {
        return stages.get(stages.size() - 1).size;
    }

    /** The size of a stage; the last for stages behind it. */
    PictureSize at(int stage) {
        return stages.get(Math.min(stage, stages.size() - 1)).size;
    }

    /** How long a run is that keeps each size as long as it says, in epochs; empty if not all say so. */
    public OptionalInt epochs() {
        boolean known = stages.stream().allMatch(stage -> stage.unit == Unit.EPOCHS && stage.length > 0);
        double sum = stages.stream().mapToDouble(Stage::length).sum();
        return known ? OptionalInt.of((int) Math.ceil(sum)) : OptionalInt.empty();
    }

    /**
     * The step at which each stage ends, the last of them at the run's end.
     *
     * @param total steps of the run
     * @throws SettingException if the run ends before its last size
     */
    public List<Long> ends(long stepsPerEpoch, long total) {
        List<Long> ends = new ArrayList<>();
        long end = 0;
        for (Stage stage : stages.subList(0, stages.size() - 1)) {
            end += stage.steps(stepsPerEpoch, total);
            ends.add(end);
        }
        if (end >= total && stages.size() > 1) {
            throw new SettingException("`image-size` " + this + ": the run's " + total
                    + " steps end before pictures of " + last() + " pixels come, which would begin at step " + (end + 1)
                    + "; shorten the sizes before, or lengthen the run by `epochs` or `steps`");
        }
        ends.add(total);
        return ends;
    }

    private static String text(List<Stage> stages) {
        return stages.stream().map(Stage::toString).collect(Collectors.joining(","));
    }

    /** As an option has it: {@code 32}, {@code 128x256}, {@code 16:10,24:10,32:10} or {@code 16:50%,32}. */
    @Override
    public String toString() {
        return text(stages);
    }

    /** Sides of pictures, in the order of tensors' axes. */
    static final class Text implements Codec<PictureSizes> {
        private static final int LEAST = 8;
        private static final int MOST = 4096;
        private static final Pattern STAGE =
                Pattern.compile("([0-9]{1,4})(?:x([0-9]{1,4}))?(?::([0-9]{1,6}(?:\\.[0-9]{1,6})?)(%?))?");

        @Override
        public PictureSizes parse(String text) {
            List<Stage> stages = new ArrayList<>();
            for (String part : text.split(",", -1)) {
                stages.add(stage(part.strip(), text));
            }
            return new PictureSizes(stages);
        }

        private static Stage stage(String part, String text) {
            Matcher matcher = STAGE.matcher(part);
            if (matcher.matches()) {
                int height = Integer.parseInt(matcher.group(1));
                int width = matcher.group(2) == null ? height : Integer.parseInt(matcher.group(2));
                double length = matcher.group(3) == null ? 0 : Double.parseDouble(matcher.group(3));
                boolean lasts = matcher.group(3) == null || length > 0;
                if (lasts && Math.min(height, width) >= LEAST && Math.max(height, width) <= MOST) {
                    boolean share = "%".equals(matcher.group(4));
                    return new Stage(new PictureSize(height, width), length, share ? Unit.PER_CENT : Unit.EPOCHS);
                }
            }
            throw new SettingException("must be " + LEAST + " to " + MOST
                    + " pixels, such a height and width as 128x256, or sizes one after another with the epochs of each or"
                    + " its share of the run, such as 16:10,32:20 or 16:50%,32, found \"" + text + "\"");
        }

        /** One square is a number, as it always was. */
        @Override
        public Object json(PictureSizes sizes) {
            boolean square = sizes.stages.size() == 1
                    && sizes.toString().equals(String.valueOf(sizes.last().height()));
            return square ? (Object) sizes.last().height() : sizes.toString();
        }
    }
}
