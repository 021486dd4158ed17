package dev.vicreg.training.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.input.PictureSize;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PictureSizesTest {
    private static PictureSizes of(String text) {
        return new PictureSizes.Text().parse(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"32", "128x256", "16:10,24:10,32:10", "16:50%,24:12.5%,32", "16x24:0.5,32x48", "32:7"})
    void isTheTextAgain(String text) {
        assertEquals(text, of(text).toString());
        assertEquals(of(text), of(String.valueOf(new PictureSizes.Text().json(of(text)))));
    }

    @Test
    void oneSquareIsANumberInJson() {
        assertEquals(32, new PictureSizes.Text().json(of("32")));
        assertEquals("32:7", new PictureSizes.Text().json(of("32:7")));
    }

    @Test
    void theLastSizeIsTheEncoders() {
        assertEquals(new PictureSize(32, 48), of("16:1,32x48:5").last());
    }

    @Test
    void epochsAreTheRunsLengthWhereAllSaySo() {
        assertEquals(OptionalInt.of(30), of("16:10,24:10,32:10").epochs());
        assertEquals(OptionalInt.of(3), of("16:0.5,32:2").epochs());
        assertEquals(OptionalInt.empty(), of("16:10,24:10,32").epochs());
        assertEquals(OptionalInt.empty(), of("16:10,32:50%").epochs());
    }

    @Test
    void eachStageEndsWhereTheNextBegins() {
        assertEquals(List.of(70L, 140L, 210L), of("16:10,24:10,32:10").ends(7, 210));
        assertEquals(List.of(70L, 140L, 500L), of("16:10,24:10,32:10").ends(7, 500)); // the last goes on
        assertEquals(List.of(50L, 75L, 100L), of("16:50%,24:25%,32").ends(7, 100));
        assertEquals(List.of(4L, 100L), of("16:0.5,32").ends(7, 100));
        assertEquals(List.of(100L), of("32").ends(7, 100));
    }

    @Test
    void refusesARunThatEndsBeforeTheLastSize() {
        assertThrows(SettingException.class, () -> of("16:10,32").ends(7, 70));
        assertThrows(SettingException.class, () -> of("16:60%,24:40%,32").ends(7, 1000));
        assertEquals(List.of(70L, 71L), of("16:10,32").ends(7, 71));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "7",
                "4097",
                "16,32",
                "16:0,32",
                "16:10,",
                "16:-1,32",
                "16:10:3",
                "16:ten,32",
                "32x",
                "16:10%%,32"
            })
    void refusesWhatIsNoSize(String text) {
        assertThrows(SettingException.class, () -> of(text));
    }

    @ParameterizedTest
    @CsvSource({"'16,32', must say how long pictures of 16 pixels last", "7, must be 8 to 4096 pixels"})
    void saysWhatIsExpected(String text, String expected) {
        String message = assertThrows(SettingException.class, () -> of(text)).getMessage();
        assertEquals(expected, String.valueOf(message).substring(0, expected.length()));
    }
}
