package dev.vicreg.models.setting;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Finds the known word that a mistyped one was probably meant to be. */
public final class Nearest {
    private Nearest() {}

    /** A known word that starts with {@code word}, else the nearest one; empty if over a third of its letters differ. */
    public static Optional<String> of(String word, Collection<String> known) {
        int most = Math.max(1, word.length() / 3);
        return known.stream()
                .min(Comparator.comparingInt(candidate -> edits(word, candidate)))
                .filter(candidate -> edits(word, candidate) <= most);
    }

    private static int edits(String word, String candidate) {
        return candidate.startsWith(word) ? 0 : distance(word, candidate);
    }

    /** "; did you mean X?" to end a message with, or nothing where no known word is near. */
    public static String suggestion(String word, Collection<String> known, String prefix) {
        return of(word, known)
                .map(near -> "; did you mean " + prefix + near + "?")
                .orElse("");
    }

    /**
     * The word, which must be one of the known ones.
     *
     * @throws IllegalArgumentException whose message continues an option's name
     */
    public static String require(String word, Collection<String> known) {
        if (known.contains(word)) {
            return word;
        }
        throw new SettingException("must be one of " + String.join(", ", known) + ", found \"" + word + "\""
                + suggestion(word, known, ""));
    }

    /** Insertions, deletions, replacements and swaps of neighbours that turn {@code a} into {@code b}. */
    static int distance(String a, String b) {
        int[][] edits = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    edits[i][j] = i + j;
                    continue;
                }
                int replaced = edits[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                edits[i][j] = Math.min(replaced, 1 + Math.min(edits[i - 1][j], edits[i][j - 1]));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    edits[i][j] = Math.min(edits[i][j], edits[i - 2][j - 2] + 1);
                }
            }
        }
        return edits[a.length()][b.length()];
    }
}
