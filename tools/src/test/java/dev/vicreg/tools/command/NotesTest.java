package dev.vicreg.tools.command;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.evaluation.Evaluation;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class NotesTest {
    private static String warned(double encoder, Double before) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream err = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        Evaluation evaluation = new Evaluation(20, 0.07, "texts", "counts", 100, 100, 2, encoder, before, 0.9);
        Notes.warnOfLoss(evaluation, 2e-3, new Console(err, err, false, () -> () -> false));
        return bytes.toString(StandardCharsets.UTF_8).strip();
    }

    @Test
    void anEncoderThatFindsLessThanBeforeTrainingIsWarnedOf() {
        assertEquals(
                "warning: kNN fell from 84.9 % before training to 66.6 %: the run made the encoder worse for these data; try"
                        + " a lower --lr than 2e-03, fewer epochs, or other --augment",
                warned(0.666, 0.849));
        assertEquals("", warned(0.849, 0.849));
        assertEquals("", warned(0.80, 0.849), "of 100 samples, five");
        assertEquals("", warned(0.5, null));
    }
}
