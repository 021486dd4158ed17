package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.vicreg.models.encoder.EncoderOptions;
import dev.vicreg.models.setting.Schema;
import dev.vicreg.tools.cli.CommandLine;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.command.Commands;
import dev.vicreg.tools.command.Networks;
import dev.vicreg.tools.command.SideInputs;
import dev.vicreg.training.config.BranchConfig;
import dev.vicreg.training.config.PictureInput;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class NetworksTest {
    private static Settings parse(String... words) throws IOException {
        return CommandLine.parse(Commands.named("bench train").orElseThrow(), List.of(words))
                .orElseThrow();
    }

    private static BranchConfig first(Settings settings) throws IOException {
        return Networks.first(settings, PictureInput.of(settings));
    }

    private static @Nullable BranchConfig second(Settings settings) throws IOException {
        return Networks.second(settings, SideInputs.same(PictureInput.of(settings)));
    }

    @Test
    void withoutAWidthTheEncodersOwnHolds() throws IOException {
        assertEquals(16, first(parse()).width());
        assertEquals(384, first(parse("--encoder", "vit-small")).width());
        assertEquals(32, first(parse("--width", "32")).width());
        Settings two = parse("--width", "32", "--encoder-b", "efficientnet-b0");
        assertEquals(32, first(two).width());
        assertEquals(32, assertNotNullAnd(second(two)).width());
        Settings other = parse("--encoder", "vit-tiny", "--encoder-b", "resnet50");
        assertEquals(64, assertNotNullAnd(second(other)).width());
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
                EncoderOptions.NONE.with("stem", "strided"), first(settings).options());
        assertEquals(
                EncoderOptions.NONE.with("patch-size", 8).with("pool", "mean"),
                assertNotNullAnd(second(settings)).options());
    }

    @Test
    void anOptionThatNeitherTakesIsKeptForTheEncoderToRefuse() throws IOException {
        Settings settings = parse("--encoder", "resnet18", "--encoder-b", "resnet34", "--depth", "3");
        assertEquals(EncoderOptions.NONE.with("depth", 3), first(settings).options());
        Settings one = parse("--encoder", "vit-tiny", "--zero-init-residual");
        assertEquals(
                EncoderOptions.NONE.with("zero-init-residual", true), first(one).options());
    }

    @Test
    void aRunThatGoesOnHasItsOptionsAgain() throws IOException {
        Settings settings = parse("--encoder", "resnet10", "--stem", "imagenet", "--zero-init-residual");
        BranchConfig first = first(settings);
        assertNull(second(settings));
        Map<String, String> texts = Schema.texts(first);
        assertEquals(first, first(parse().over(texts, "run")));
    }
}
