package dev.vicreg.training.finding;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The findings of one run, each told once. They follow from the values alone that were seen, in their order: who shows the
 * lines of a metrics.jsonl again, goes on as if nothing had been between. Not thread-safe.
 */
public final class Findings {
    private final List<Rule> rules;
    private final @Nullable LossShape shape;
    private final Set<Fault> told = EnumSet.noneOf(Fault.class);

    /**
     * Nothing seen yet.
     *
     * @param shape of VICReg's terms; null of other objectives
     * @param warmup steps of rising rate
     */
    public Findings(@Nullable LossShape shape, long warmup) {
        this.shape = shape;
        rules = Rules.all(warmup);
    }

    /**
     * Sees values, and tells what is new.
     *
     * @param step counted from 1; 0 for what is known before the first
     * @param values by name in snake case, finite or not
     */
    public List<Finding> see(long step, Map<String, Float> values) {
        Map<String, Float> all = shape == null ? values : shape.with(values);
        List<Finding> found = new ArrayList<>();
        for (Rule rule : rules) {
            rule.see(step, all).filter(each -> told.add(each.fault())).ifPresent(found::add);
        }
        return found;
    }

    /** Says that a fault was told before. */
    public void tell(String id) {
        for (Fault fault : Fault.values()) {
            if (fault.id().equals(id)) {
                told.add(fault);
            }
        }
    }
}
