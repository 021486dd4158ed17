package dev.vicreg.training.data.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vicreg.runtime.input.PictureSize;
import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.Augmentations;
import dev.vicreg.training.data.TestPictures;
import dev.vicreg.training.data.view.Augmentation;
import dev.vicreg.training.data.view.SampleRandom;
import dev.vicreg.training.data.view.ViewKey;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AugmentationTest {
    private static final int DRAWS = 20_000;

    @Test
    void cifarPresetDrawsWhatTheRecipeSays() {
        PicturePolicy policy = policy(PictureKind.cifar(), 0);
        int jittered = 0;
        int grey = 0;
        int blurred = 0;
        int solarised = 0;
        int flipped = 0;
        Set<String> orders = new HashSet<>();
        for (int i = 0; i < DRAWS; i++) {
            ViewParameters view = policy.draw(new SampleRandom(7, i), 32, 32);
            jittered += view.jitter().isEmpty() ? 0 : 1;
            grey += view.greyscale() ? 1 : 0;
            blurred += view.blur() > 0 ? 1 : 0;
            solarised += view.solarise() ? 1 : 0;
            flipped += view.flip() ? 1 : 0;
            orders.add(view.jitter().toString());
            assertTrue(Math.abs(view.brightness() - 1) <= 0.4 && Math.abs(view.contrast() - 1) <= 0.4);
            assertTrue(Math.abs(view.saturation() - 1) <= 0.2 && Math.abs(view.hue()) <= 25);
            double area = view.w() * view.h() / 1024.0;
            assertTrue(area > 0.17 && area <= 1, "area " + area); // rounding of the sides takes it below 0.2
        }
        assertNear(0.8, jittered);
        assertNear(0.2, grey);
        assertEquals(0, blurred);
        assertNear(0.1, solarised);
        assertNear(0.5, flipped);
        assertEquals(24 + 1, orders.size()); // every order, and none
    }

    @Test
    void officialPresetTellsTheViewsApart() {
        Augmentation official = PictureKind.official();
        int blurredA = 0;
        int blurredB = 0;
        int solarisedA = 0;
        int solarisedB = 0;
        for (int i = 0; i < DRAWS; i++) {
            ViewParameters a = policy(official, 0).draw(new SampleRandom(1, i, 0), 200, 100);
            ViewParameters b = policy(official, 1).draw(new SampleRandom(1, i, 1), 200, 100);
            blurredA += a.blur() >= 0.1 && a.blur() < 2 ? 1 : 0;
            blurredB += b.blur() > 0 ? 1 : 0;
            solarisedA += a.solarise() ? 1 : 0;
            solarisedB += b.solarise() ? 1 : 0;
        }
        assertEquals(DRAWS, blurredA);
        assertNear(0.1, blurredB);
        assertEquals(0, solarisedA);
        assertNear(0.2, solarisedB);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 500", "500, 1", "3, 2", "640, 480"})
    void windowLiesInsideAnyPicture(int width, int height) {
        for (int i = 0; i < 2_000; i++) {
            ViewParameters view = policy(PictureKind.official(), 0).draw(new SampleRandom(i), width, height);
            assertTrue(view.x() >= 0 && view.y() >= 0 && view.w() >= 1 && view.h() >= 1);
            assertTrue(view.x() + view.w() <= width && view.y() + view.h() <= height);
        }
    }

    @Test
    void viewDependsOnEveryKeyAndOnNothingElse() {
        Picture picture = TestPictures.noise(40, 30, 1);
        Augmentation cifar = PictureKind.cifar();
        Picture view = PictureViews.view(cifar, picture, PictureSize.square(32), new ViewKey(1, 2, 3, 0));
        assertEquals(view, PictureViews.view(cifar, picture, PictureSize.square(32), new ViewKey(1, 2, 3, 0)));
        assertNotEquals(view, PictureViews.view(cifar, picture, PictureSize.square(32), new ViewKey(9, 2, 3, 0)));
        assertNotEquals(view, PictureViews.view(cifar, picture, PictureSize.square(32), new ViewKey(1, 9, 3, 0)));
        assertNotEquals(view, PictureViews.view(cifar, picture, PictureSize.square(32), new ViewKey(1, 2, 9, 0)));
        assertNotEquals(view, PictureViews.view(cifar, picture, PictureSize.square(32), new ViewKey(1, 2, 3, 1)));
    }

    @Test
    void drawnNumbersNeverChange() { // a resumed run of an older version continues with the same views
        SampleRandom random = new SampleRandom(1, 2, 3);
        assertEquals("28cf63bb74ed8a27", Long.toHexString(random.nextLong()));
        assertEquals("63fb7a3a121d4fb9", Long.toHexString(random.nextLong()));
    }

    @Test
    void settingsOverrideThePresetForOneViewOrBoth() {
        Augmentation augmentation = Augmentations.parse("cifar, blur=0.5, view-a.crop-min=0.3, views=different");
        assertEquals(0.5, policy(augmentation, 0).blur());
        assertEquals(0.5, policy(augmentation, 1).blur());
        assertEquals(0.3, policy(augmentation, 0).cropMin());
        assertEquals(0.2, policy(augmentation, 1).cropMin());
        assertTrue(augmentation.unrelatedViews());
    }

    @Test
    void settingsAsMapSayTheSameAsText() {
        Map<String, Object> map =
                Map.of("preset", "paper", "view-b", Map.of("blur", 0.1, "grey", 0), "blur", 1, "flip", "0.25");
        assertEquals(
                Augmentations.parse("paper,blur=1,flip=.25,view-b.blur=0.1,view-b.grey=0"),
                Augmentations.fromSettings(map));
    }

    @ParameterizedTest
    @ValueSource(strings = {"official", "paper", "cifar", "cifar,views=different,hue=0.25,view-b.solarise=1"})
    void recordedSettingsGiveTheSameAugmentationBack(String text) {
        Augmentation augmentation = Augmentations.parse(text);
        assertEquals(augmentation, Augmentations.fromSettings(augmentation.settings()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "cifra | unknown augmentation preset 'cifra'; expected one of cifar, official, paper, sequences, signals, vectors",
                "cifar,blur=2 | augmentation: blur must be between 0.0 and 1.0, found 2.0",
                "cifar,blur=much | augmentation: blur must be a number, found 'much'",
                "crop-min=0.5,crop-max=0.4 | augmentation: crop-min 0.5 is above crop-max 0.4",
                "cifar,views=other | augmentation: views must be same or different, found 'other'"
            })
    void wrongSettingIsNamed(String text, String message) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> Augmentations.parse(text))
                        .getMessage());
    }

    private static void assertNear(double probability, int hits) {
        double standardError = Math.sqrt(probability * (1 - probability) / DRAWS);
        assertEquals(probability, (double) hits / DRAWS, 4 * standardError);
    }

    private static PicturePolicy policy(Augmentation augmentation, int view) {
        return augmentation.policy(view, PicturePolicy.class);
    }
}
