package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.vicreg.models.encoder.EncoderOptions;
import dev.vicreg.tools.cli.CommandLine;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.training.loop.BranchConfig;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ModelSettingsTest {
    private static Settings parse(String... words) throws IOException {
        return CommandLine.parse(BenchCommand.COMMAND, List.of(words)).orElseThrow();
    }

    @Test
    void withoutAWidthTheEncodersOwnHolds() throws IOException {
        assertEquals(16, ModelSettings.first(parse()).width());
        assertEquals(384, ModelSettings.first(parse("--encoder", "vit-small")).width());
        assertEquals(32, ModelSettings.first(parse("--width", "32")).width());
        Settings two = parse("--width", "32", "--encoder-b", "efficientnet-b0");
        assertEquals(32, ModelSettings.first(two).width());
        assertEquals(32, assertNotNullAnd(ModelSettings.second(two)).width());
        Settings other = parse("--encoder", "vit-tiny", "--encoder-b", "resnet50");
        assertEquals(64, assertNotNullAnd(ModelSettings.second(other)).width());
    }

    private static BranchConfig assertNotNullAnd(BranchConfig config) {
        assertNotNull(config);
        return config;
    }

    @Test
    void eachOfTwoEncodersGetsTheOptionsThatItTakes() throws IOException {
        Settings settings = parse(
                "--encoder",
                "resnet18",
                "--encoder-b",
                "vit-tiny",
                "--stem",
                "strided",
                "--patch-size",
                "8",
                "--pool",
                "mean");
        assertEquals(
                EncoderOptions.NONE.withStem("strided"),
                ModelSettings.first(settings).options());
        assertEquals(
                EncoderOptions.NONE.withPatchSize(8).withPool("mean"),
                assertNotNullAnd(ModelSettings.second(settings)).options());
    }

    @Test
    void anOptionThatNeitherTakesIsKeptForTheEncoderToRefuse() throws IOException {
        Settings settings = parse("--encoder", "resnet18", "--encoder-b", "resnet34", "--depth", "3");
        assertEquals(
                EncoderOptions.NONE.withDepth(3), ModelSettings.first(settings).options());
        Settings one = parse("--encoder", "vit-tiny", "--zero-init-residual");
        assertEquals(
                EncoderOptions.NONE.withZeroInitResidual(true),
                ModelSettings.first(one).options());
    }

    @Test
    void aRunThatGoesOnHasItsOptionsAgain() throws IOException {
        Settings settings = parse("--encoder", "resnet10", "--stem", "imagenet", "--zero-init-residual");
        BranchConfig first = ModelSettings.first(settings);
        assertNull(ModelSettings.second(settings));
        Map<String, String> texts = new HashMap<>();
        ModelSettings.values(first, null).forEach((setting, value) -> texts.put(setting.name(), value.toString()));
        assertEquals(first, ModelSettings.first(parse().over(texts)));
    }
}
