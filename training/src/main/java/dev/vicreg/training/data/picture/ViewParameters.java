package dev.vicreg.training.data.picture;

import dev.vicreg.runtime.input.PictureSize;
import dev.vicreg.runtime.picture.Interpolation;
import dev.vicreg.runtime.picture.Picture;
import java.util.List;

/**
 * One view, fixed: what {@link PicturePolicy#draw} has decided for one picture.
 *
 * @param x,y,w,h window that is cut out, in source pixels
 * @param jitter the colour changes in the order they are made; empty for none
 * @param brightness,contrast,saturation factors, 1 for no change
 * @param hue steps of 1/255 of the circle
 * @param blur standard deviation in pixels of the finished view, 0 for none
 */
public record ViewParameters(
        int x,
        int y,
        int w,
        int h,
        List<Jitter> jitter,
        double brightness,
        double contrast,
        double saturation,
        int hue,
        boolean greyscale,
        double blur,
        boolean solarise,
        boolean flip) {
    static final int SOLARISE_THRESHOLD = 128;

    enum Jitter {
        BRIGHTNESS,
        CONTRAST,
        SATURATION,
        HUE
    }

    /**
     * The view as a picture of that size, whatever the window's proportions.
     *
     * <p>The flip comes last for every policy. Published recipes differ in its place, but every other step after the
     * crop treats left and right alike, so the place makes no difference.
     */
    public Picture apply(Picture picture, PictureSize size) {
        Picture view = picture.cropAndResize(x, y, w, h, size.width(), size.height(), Interpolation.BICUBIC);
        for (Jitter change : jitter) {
            view = switch (change) {
                case BRIGHTNESS -> PictureEffects.brightness(view, brightness);
                case CONTRAST -> PictureEffects.contrast(view, contrast);
                case SATURATION -> PictureEffects.saturation(view, saturation);
                case HUE -> PictureEffects.hue(view, hue);
            };
        }
        view = greyscale ? PictureEffects.greyscale(view) : view;
        view = GaussianBlur.apply(view, blur);
        view = solarise ? PictureEffects.solarise(view, SOLARISE_THRESHOLD) : view;
        return flip ? PictureEffects.mirror(view) : view;
    }
}
