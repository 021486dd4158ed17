package dev.vicreg.training.data.picture;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.training.data.picture.ViewParameters.Jitter;
import dev.vicreg.training.data.view.SampleRandom;
import dev.vicreg.training.data.view.ViewPolicy;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * From which distribution one view of a picture is drawn.
 *
 * <p>The crop is torchvision's RandomResizedCrop: area and aspect ratio (log-uniform) are drawn up to ten times until
 * the window fits, then the largest centred window with an allowed ratio is taken. Immutable.
 *
 * @param cropMin,cropMax area of the window as a part of the picture's
 * @param ratioMin,ratioMax width of the window by its height
 * @param jitter probability that the colours are changed, in random order, by the four amounts that follow
 * @param brightness,contrast,saturation largest distance of the factor from 1
 * @param hue largest turn, as a part of the circle, at most 0.5
 * @param grey probability of greyscale
 * @param blur probability of a Gaussian blur
 * @param blurMin,blurMax its standard deviation, in pixels of the view
 * @param solarise probability that samples of 128 and above are inverted
 * @param flip probability of a horizontal flip
 */
public record PicturePolicy(
        double cropMin,
        double cropMax,
        double ratioMin,
        double ratioMax,
        double jitter,
        double brightness,
        double contrast,
        double saturation,
        double hue,
        double grey,
        double blur,
        double blurMin,
        double blurMax,
        double solarise,
        double flip)
        implements ViewPolicy {
    private static final int CROP_TRIES = 10;
    private static final List<Jitter> JITTERS = List.of(Jitter.values());

    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if a probability is outside 0–1 or a range is empty
     */
    public PicturePolicy {
        checkRange("crop-min", cropMin, "crop-max", cropMax, Double.MIN_VALUE, 1);
        checkRange("ratio-min", ratioMin, "ratio-max", ratioMax, 0.01, 100);
        checkRange("blur-min", blurMin, "blur-max", blurMax, 0, 100);
        ViewPolicy.check("jitter", jitter, 0, 1);
        ViewPolicy.check("brightness", brightness, 0, 1);
        ViewPolicy.check("contrast", contrast, 0, 1);
        ViewPolicy.check("saturation", saturation, 0, 1);
        ViewPolicy.check("hue", hue, 0, 0.5);
        ViewPolicy.check("grey", grey, 0, 1);
        ViewPolicy.check("blur", blur, 0, 1);
        ViewPolicy.check("solarise", solarise, 0, 1);
        ViewPolicy.check("flip", flip, 0, 1);
    }

    /** What the published recipes share; they differ in the smallest crop, blur and solarisation. */
    public static PicturePolicy published(double cropMin, double blur, double solarise) {
        return new PicturePolicy(
                cropMin, 1, 3.0 / 4, 4.0 / 3, 0.8, 0.4, 0.4, 0.2, 0.1, 0.2, blur, 0.1, 2, solarise, 0.5);
    }

    /** None: {@code official} is meant where a configuration names no preset. */
    @Override
    public @Nullable String preset() {
        return null;
    }

    /** Draws one view of a picture of this size. Nothing but the random source decides. */
    public ViewParameters draw(SampleRandom random, int width, int height) {
        List<Jitter> changes = drawJitter(random);
        double brightnessFactor = random.uniform(1 - brightness, 1 + brightness);
        double contrastFactor = random.uniform(1 - contrast, 1 + contrast);
        double saturationFactor = random.uniform(1 - saturation, 1 + saturation);
        int hueShift = (int) (random.uniform(-hue, hue) * 255); // towards zero, as the Python recipes do
        boolean isGrey = random.chance(grey);
        boolean isBlurred = random.chance(blur);
        double sigma = random.uniform(blurMin, blurMax);
        boolean isSolarised = random.chance(solarise);
        boolean isFlipped = random.chance(flip);
        int[] window = drawWindow(random, width, height);
        return new ViewParameters(
                window[0],
                window[1],
                window[2],
                window[3],
                changes,
                brightnessFactor,
                contrastFactor,
                saturationFactor,
                hueShift,
                isGrey,
                isBlurred ? sigma : 0,
                isSolarised,
                isFlipped);
    }

    private List<Jitter> drawJitter(SampleRandom random) {
        boolean applied = random.chance(jitter);
        int[] order = {0, 1, 2, 3};
        random.shuffle(order);
        List<Jitter> changes = new ArrayList<>();
        if (applied) {
            for (int change : order) {
                changes.add(JITTERS.get(change));
            }
        }
        return changes;
    }

    /** x, y, width, height. */
    private int[] drawWindow(SampleRandom random, int width, int height) {
        for (int i = 0; i < CROP_TRIES; i++) {
            double area = random.uniform(cropMin, cropMax) * width * height;
            double ratio = Math.exp(random.uniform(Math.log(ratioMin), Math.log(ratioMax)));
            int w = (int) Math.rint(Math.sqrt(area * ratio));
            int h = (int) Math.rint(Math.sqrt(area / ratio));
            if (w > 0 && w <= width && h > 0 && h <= height) {
                return new int[] {random.below(width - w + 1), random.below(height - h + 1), w, h};
            }
        }
        double ratio = Math.max(ratioMin, Math.min(ratioMax, (double) width / height));
        int w = Math.max(1, Math.min(width, (int) Math.rint(height * ratio)));
        int h = Math.max(1, Math.min(height, (int) Math.rint(width / ratio)));
        return new int[] {(width - w) / 2, (height - h) / 2, w, h};
    }

    private static void checkRange(
            String lowName, double low, String highName, double high, double least, double most) {
        ViewPolicy.check(lowName, low, least, most);
        ViewPolicy.check(highName, high, least, most);
        if (low > high) {
            throw new SettingException("augmentation: " + lowName + " " + low + " is above " + highName + " " + high);
        }
    }
}
