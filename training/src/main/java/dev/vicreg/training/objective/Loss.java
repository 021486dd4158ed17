package dev.vicreg.training.objective;

import dev.vicreg.models.graph.Value;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A loss and what it consists of; each a float scalar.
 *
 * @param total what is differentiated
 * @param terms unweighted, by the names that metrics.jsonl and progress have for them, in their order
 */
public record Loss(Value total, Map<String, Value> terms) {
    /** Keeps the order of the terms. */
    public Loss {
        terms = Collections.unmodifiableMap(new LinkedHashMap<>(terms));
    }
}
