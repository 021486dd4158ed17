package dev.vicreg.training.data.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.TestPictures;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Effects on pictures of other channels than three: as on colours, where there are such. */
class ChannelEffectsTest {
    private static final List<UnaryOperator<Picture>> COLOUR_EFFECTS = List.of(
            picture -> PictureEffects.brightness(picture, 1.3),
            picture -> PictureEffects.contrast(picture, 0.7),
            picture -> PictureEffects.saturation(picture, 0.6),
            picture -> PictureEffects.hue(picture, 20),
            PictureEffects::greyscale,
            picture -> PictureEffects.solarise(picture, 128));

    /** The channels from one on, so many. */
    private static Picture part(Picture picture, int from, int count) {
        byte[] samples = new byte[picture.width() * picture.height() * count];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = picture.samples()[i / count * picture.channels() + from + i % count];
        }
        return new Picture(picture.width(), picture.height(), count, samples);
    }

    /** 12x10. */
    private static Picture noise(int channels) {
        byte[] samples = new byte[12 * 10 * channels];
        System.arraycopy(TestPictures.noise(12, 80, 5).rgb(), 0, samples, 0, samples.length);
        return new Picture(12, 10, channels, samples);
    }

    @Test
    void coloursChangeAsWithoutAlphaWhichStays() {
        Picture picture = noise(4);
        for (UnaryOperator<Picture> effect : COLOUR_EFFECTS) {
            Picture changed = effect.apply(picture);
            assertEquals(effect.apply(part(picture, 0, 3)), part(changed, 0, 3));
            assertNotEquals(part(picture, 0, 3), part(changed, 0, 3));
            assertEquals(part(picture, 3, 1), part(changed, 3, 1));
        }
    }

    @Test
    void greyLevelsChangeAsGreyColoursDo() {
        Picture picture = noise(2);
        Picture colours = part(picture, 0, 1).withChannels(3);
        for (UnaryOperator<Picture> effect : COLOUR_EFFECTS) {
            Picture changed = effect.apply(picture);
            assertEquals(effect.apply(colours), part(changed, 0, 1).withChannels(3));
            assertEquals(part(picture, 1, 1), part(changed, 1, 1));
        }
    }

    @Test
    void otherChannelsHaveNoColoursToChange() {
        Picture picture = noise(6);
        assertSame(picture, PictureEffects.saturation(picture, 0.6));
        assertSame(picture, PictureEffects.hue(picture, 20));
        assertSame(picture, PictureEffects.greyscale(picture));
        Picture flat = PictureEffects.contrast(picture, 0); // the mean of all samples, everywhere
        long sum = 0;
        for (byte sample : picture.samples()) {
            sum += sample & 255;
        }
        for (byte sample : flat.samples()) {
            assertEquals(Math.round((double) sum / picture.samples().length), sample & 255);
        }
        Picture brighter = PictureEffects.brightness(picture, 1.3);
        assertEquals(PictureEffects.brightness(part(picture, 3, 3), 1.3), part(brighter, 3, 3));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 16})
    void everyChannelIsBlurredAndTurned(int channels) {
        Picture picture = noise(channels);
        Picture blurred = GaussianBlur.apply(picture, 1.2);
        Picture mirrored = PictureEffects.mirror(picture);
        for (int c = 0; c < channels; c++) {
            Picture one = part(picture, c, 1).withChannels(3);
            assertEquals(GaussianBlur.apply(one, 1.2), part(blurred, c, 1).withChannels(3));
            assertEquals(PictureEffects.mirror(one), part(mirrored, c, 1).withChannels(3));
        }
    }
}
