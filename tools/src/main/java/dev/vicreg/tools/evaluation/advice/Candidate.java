package dev.vicreg.tools.evaluation.advice;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Settings that are tried.
 *
 * @param name of its folder
 * @param what is tried, for a table
 * @param options those of {@code train} that make it so, by name, in the order in which a command has them
 */
public record Candidate(String name, String what, Map<String, String> options) {
    /** The same with further options. */
    Candidate with(String newName, String newWhat, String... more) {
        Map<String, String> all = new LinkedHashMap<>(options);
        for (int i = 0; i < more.length; i += 2) {
            all.put(more[i], more[i + 1]);
        }
        return new Candidate(newName, newWhat, all);
    }
}
