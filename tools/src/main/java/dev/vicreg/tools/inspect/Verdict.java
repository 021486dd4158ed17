package dev.vicreg.tools.inspect;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Whether the network of a file can be trained.
 *
 * @param trains whether it can, with {@code options} at least
 * @param refusal why it can't as it is, or without the options; empty if it can
 * @param options what has to be said besides the file and what was said already, such as {@code --pool mean}
 * @param takes what goes in; empty if it can't be trained
 * @param dimension values of a vector; 0 if it can't be trained
 * @param parameters elements that are trained; 0 if it can't be
 * @param others values that could be named with {@code --output}, the likely ones first; not all that there are
 */
public record Verdict(
        boolean trains,
        String refusal,
        List<String> options,
        String takes,
        int dimension,
        long parameters,
        List<Representation> others) {

    /** Copies. */
    public Verdict {
        options = List.copyOf(options);
        others = List.copyOf(others);
    }

    /**
     * A value that can be the representation.
     *
     * @param name in the file
     * @param type of a batch of any size
     * @param options what is needed besides its name, such as {@code --pool mean}; may be empty
     * @param dimension values of a vector
     */
    public record Representation(String name, String type, List<String> options, int dimension) {
        /** Copies. */
        public Representation {
            options = List.copyOf(options);
        }

        /** The options that give it, each a name and a text in turn. */
        public List<String> settings() {
            List<String> settings = new ArrayList<>(List.of("output", name));
            for (String option : options) {
                settings.addAll(List.of(option.substring("--".length()).split(" ", 2)));
            }
            return settings;
        }

        /** For a sentence. */
        @Override
        public String toString() {
            return name + " " + type + (options.isEmpty() ? "" : " with " + words(options));
        }
    }

    private static String words(List<String> options) {
        return String.join(" ", options);
    }

    void print(Page page) {
        if (!trains) {
            page.row("trains", "no: " + refusal);
        } else {
            String vectors =
                    "vectors of " + Sizes.count(dimension, "value") + ", " + Sizes.count(parameters, "parameter");
            page.row("trains", options.isEmpty() ? "yes: " + vectors : "yes, with " + words(options) + ": " + vectors);
            if (!options.isEmpty()) {
                page.row("", "without that: " + refusal);
            }
            page.row("takes", takes);
        }
        if (!others.isEmpty()) {
            page.row("--output", trains ? "may name another representation, such as" : "names what does, such as");
            for (Representation other : others) { // whole names, to be copied
                page.row(
                        "",
                        other.name + "  " + other.type + (other.options.isEmpty() ? "" : "  " + words(other.options)));
            }
        }
    }

    Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("trains", trains);
        if (!refusal.isEmpty()) {
            values.put("refusal", refusal);
        }
        if (trains) {
            values.put("options", options);
            values.put("takes", takes);
            values.put("dimension", dimension);
            values.put("parameters", parameters);
        }
        values.put(
                "outputs",
                others.stream()
                        .map(other -> Map.<String, Object>of(
                                "name", other.name,
                                "type", other.type,
                                "options", other.options,
                                "dimension", other.dimension))
                        .toList());
        return values;
    }
}
