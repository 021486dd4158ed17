package dev.vicreg.tools.command;

import dev.vicreg.export.ClassifierExport;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.evaluation.classifier.ClassifierFit;
import dev.vicreg.tools.evaluation.classifier.ClassifierFit.Figures;
import dev.vicreg.tools.evaluation.classifier.ClassifierFit.Gain;
import dev.vicreg.tools.output.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is said of a classifier that was made. */
final class ClassifierReport {
    /**
     * What was made.
     *
     * @param before what it is compared with; null where the encoder stayed as it was
     * @param leftOut samples that were, of both sets
     */
    record Made(
            ClassifierExport.Result file,
            ClassifierFit fit,
            @Nullable Before before,
            List<String> labels,
            String noun,
            int leftOut) {}

    /**
     * What training the encoder began with.
     *
     * @param name of that encoder, in a word
     * @param fit a head on it as it was
     * @param tuned how the training went
     */
    record Before(String name, ClassifierFit fit, FineTune.Tuned tuned) {}

    private ClassifierReport() {}

    static void print(Made made, Settings settings, Console console) {
        if (settings.on(SharedSettings.JSON)) {
            console.out().println(Json.line(figures(made)));
        } else {
            console.out().print(table(made));
            console.out().println(made.file.file());
        }
    }

    private static String table(Made made) {
        ClassifierFit fit = made.fit;
        StringBuilder table = new StringBuilder(String.format(
                Locale.ROOT,
                "classifier of %d classes: fitted on %d %s, calibrated on %d held out (temperature %.2f)%n",
                made.labels.size(),
                fit.fitted(),
                made.noun,
                fit.heldOut().samples(),
                fit.calibration().temperature()));
        Before before = made.before;
        if (before != null) {
            table.append(String.format(
                    "encoder and head are those after %s, the best on those held out%n", before.tuned.epoch()));
        }
        boolean unequal = isUnequal(fit.heldOut()) || (fit.test() != null && isUnequal(fit.test()));
        table.append(String.format(
                Locale.ROOT,
                "  %-20s %8s  %s%-17s%n",
                "",
                "accuracy",
                unequal ? "macro    " : "",
                "calibration error"));
        if (before != null) {
            row(table, before.name + ", held out", before.fit.heldOut(), unequal);
            row(table, before.name + ", test", before.fit.test(), unequal);
        }
        row(table, "held out", fit.heldOut(), unequal);
        row(table, "test", fit.test(), unequal);
        if (unequal) {
            table.append(String.format(
                    "classes are of unequal size: the macro average is over classes, whatever their size%n"));
        }
        if (before != null) {
            table.append("gain over the " + before.name + " encoder: held out ").append(told(heldOutGain(fit, before)));
            if (fit.test() != null) {
                table.append(", test ").append(told(testGain(fit, before)));
            }
            table.append(String.format("%n"));
        }
        return table.toString();
    }

    /** Whether accuracy over samples and over classes differ, which they can only do where classes are of unequal size. */
    private static boolean isUnequal(Figures figures) {
        return Math.abs(figures.accuracy() - figures.macroAccuracy()) > 1e-9;
    }

    private static void row(StringBuilder table, String name, @Nullable Figures figures, boolean macro) {
        if (figures == null) {
            return;
        }
        table.append(String.format(Locale.ROOT, "  %-20s %6.1f %%  ", name, 100 * figures.accuracy()));
        if (macro) {
            table.append(String.format(Locale.ROOT, "%5.1f %%  ", 100 * figures.macroAccuracy()));
        }
        table.append(String.format(
                Locale.ROOT,
                "%.1f %% (%.1f %% before)  of %d%n",
                100 * figures.calibrated(),
                100 * figures.uncalibrated(),
                figures.samples()));
    }

    private static Gain heldOutGain(ClassifierFit fit, Before before) {
        return Gain.of(before.fit.rights().heldOut(), fit.rights().heldOut());
    }

    private static Gain testGain(ClassifierFit fit, Before before) {
        return Gain.of(before.fit.rights().test(), fit.rights().test());
    }

    private static String told(Gain gain) {
        return String.format(Locale.ROOT, "%+.1f ± %.1f points", 100 * gain.gain(), 100 * gain.error());
    }

    private static Map<String, @Nullable Object> figures(Made made) {
        Map<String, @Nullable Object> figures = new LinkedHashMap<>();
        figures.put("classifier", made.file.file().toString());
        figures.put("classes", made.labels.size());
        figures.put("labels", made.labels);
        figures.put("fitted", made.fit.fitted());
        figures.put("left_out", made.leftOut);
        figures.put("temperature", made.fit.calibration().temperature());
        figures.put("held_out", made.fit.heldOut());
        figures.put("test", made.fit.test());
        figures.put("difference", made.file.difference());
        Before before = made.before;
        if (before != null) {
            before.tuned.describe(figures, before.name, before.fit.heldOut(), before.fit.test());
            figures.put("gain_held_out", heldOutGain(made.fit, before));
            figures.put("gain_test", made.fit.test() == null ? null : testGain(made.fit, before));
        }
        return figures;
    }
}
