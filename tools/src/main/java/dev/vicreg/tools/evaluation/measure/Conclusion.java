package dev.vicreg.tools.evaluation.measure;

import dev.vicreg.tools.evaluation.diagnosis.Diagnosis;
import dev.vicreg.training.finding.Finding;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** What came of a run, in one line, and what to try next. */
public final class Conclusion {
    private Conclusion() {}

    /**
     * Of an encoder whose samples have labels: whether it tells classes apart better than the samples themselves do, and than
     * it did before training.
     *
     * @param asked what the samples are that were classified: {@code test pictures}
     * @param collapse of the encoder's vectors, in words; empty where there is none
     * @param rate the highest learning rate of the run
     */
    public static String of(Evaluation evaluation, String asked, Optional<String> collapse, double rate) {
        if (collapse.isPresent()) {
            return collapsed(collapse.get(), rate);
        }
        Advantage overBefore = evaluation.overBaseline();
        String text = String.format(
                Locale.ROOT,
                "kNN on %d %s: %s%s",
                evaluation.test(),
                asked,
                evaluation.overRaw().text("raw " + evaluation.rawNoun()),
                overBefore == null ? "" : ", " + overBefore.text("before training"));
        return text + "; next: " + next(evaluation, rate);
    }

    private static String next(Evaluation evaluation, double rate) {
        Advantage overBefore = evaluation.overBaseline();
        if (overBefore != null && overBefore.isLoss()) {
            return "a lower --lr than " + shown(rate) + ", fewer epochs, or other --augment";
        }
        if (overBefore != null && !overBefore.isCertain()) {
            return "train longer (--epochs), or test on more samples to tell";
        }
        return evaluation.overRaw().isCertain()
                ? "./vicreg eval --measures all tells more; training longer (--resume --epochs N) may still help"
                : "train longer (--epochs), or choose --augment so that views keep what tells classes apart";
    }

    /**
     * Of an encoder whose samples have no labels: what its vectors tell without.
     *
     * @param asked what the samples are: {@code training pictures}
     * @param now the encoder's vectors
     * @param before the same before training
     * @param rate the highest learning rate of the run
     */
    public static String of(Diagnosis now, Diagnosis before, String asked, double rate) {
        if (now.collapsed()) {
            return collapsed(now.verdict(), rate);
        }
        return String.format(
                Locale.ROOT,
                "%d %s without labels: %s, RankMe %.1f of %d (before training %.1f), spread %.2f (%.2f); next: compare runs"
                        + " by RankMe, or label a few samples and name them by --eval-data",
                now.vectors(),
                asked,
                now.verdict(),
                now.rankMe(),
                now.dimension(),
                before.rankMe(),
                now.spread(),
                before.spread());
    }

    /** Of an encoder that gives nothing to measure. */
    public static String collapsed(String collapse, double rate) {
        return collapse + "; next: a lower --lr than " + shown(rate)
                + ", a longer --warmup-epochs, or a larger weight of what keeps vectors apart (--variance)";
    }

    /** The line with what was found on the way: {@code …; found collapse at step 46}. */
    public static String with(List<Finding> found, String conclusion) {
        return found.isEmpty()
                ? conclusion
                : conclusion + "; found "
                        + found.stream()
                                .map(each -> each.fault().id()
                                        + (each.step() == 0 ? " before the first step" : " at step " + each.step()))
                                .collect(Collectors.joining(", "));
    }

    /** A learning rate: {@code 2e-3}. */
    public static String shown(double rate) {
        return String.format(Locale.ROOT, "%.1e", rate).replace(".0e", "e");
    }
}
