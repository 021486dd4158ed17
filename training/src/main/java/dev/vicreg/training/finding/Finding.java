package dev.vicreg.training.finding;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A fault that was found in a run.
 *
 * @param step after which it was told, counted from 1; 0 for before the first
 * @param since the step with which it began
 * @param evidence what it was told by: finite numbers by name in snake case, the most telling first
 * @param detail what else there is to say; empty for nothing
 */
public record Finding(Fault fault, long step, long since, Map<String, Float> evidence, String detail) {
    /** With no more to say than that. */
    public Finding(Fault fault, long step, long since, Map<String, Float> evidence) {
        this(fault, step, since, evidence, "");
    }

    /** Keeps the order. */
    public Finding {
        evidence = Collections.unmodifiableMap(new LinkedHashMap<>(evidence));
    }

    /** {@code collapse since step 42: all samples get nearly the same projection (variance 0.93, …)}. */
    public String text() {
        String values = evidence.entrySet().stream()
                .map(each -> each.getKey().replace('_', ' ') + " " + shown(each.getValue()))
                .collect(Collectors.joining(", "));
        return fault.id() + (since > 0 ? " since step " + since : "") + ": " + fault.meaning()
                + (values.isEmpty() ? "" : " (" + values + ")") + (detail.isEmpty() ? "" : "; " + detail);
    }

    private static String shown(float value) {
        return value == Math.rint(value) && Math.abs(value) < 1e7
                ? String.format(Locale.ROOT, "%.0f", value)
                : String.format(Locale.ROOT, "%.3g", value);
    }
}
