package dev.vicreg.training.finding;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * All rules with their thresholds. docs/diagnosis.md has what runs were measured to set them, and what each is good for.
 */
final class Rules {
    // From the terms of the loss, of every step.
    /** Deviation of a dimension below which projections go to one point: VICReg's variance term above 0.8. */
    private static final double COLLAPSED_DEVIATION = 0.2;
    /** A network may begin so: it isn't a collapse until it has lost this share of the deviation it began with. */
    private static final double COLLAPSED_SHARE = 0.5;

    private static final int COLLAPSED_STEPS = 5;
    /** Mean squared correlation of two dimensions; measured healthy runs stay below 0.4. */
    private static final double CORRELATED = 0.5;

    private static final int CORRELATED_STEPS = 10;
    /**
     * Unlikeness of views, by what it began with, once the rate was at its peak for {@link #FLAT_STEPS}: 1.006 and 1.010 of runs
     * whose rate is far too low, 0.967 of the slowest that learns, by LARS.
     */
    private static final double FLAT = 0.985;
    /** Steps whose mean is what the unlikeness began with; of five it varies by more than LARS learns. */
    private static final int FLAT_FIRST = 20;
    /** Unlikeness below which there is little left to fall. */
    private static final double LITTLE = 0.1;

    /** Unlikeness of views that have nothing in common is 1, and has not fallen by a tenth. */
    private static final double UNLIKE = 0.97;

    private static final double STILL_UNLIKE = 0.9;

    private static final int FLAT_STEPS = 40;
    /** VICReg's loss, by that of the first step, above which the run diverges; others may begin near 0, or fall below it. */
    private static final double DIVERGED = 1.5;

    private static final int DIVERGED_STEPS = 3;
    /** Skipped steps among the last {@link #SKIPPED_OF}; the first so many may be skipped until the scale fits. */
    private static final int SKIPPED = 10;

    private static final int SKIPPED_OF = 50;
    private static final double SMALLEST_SCALE = 1;
    /** Steps whose mean is what the deviation began with. */
    private static final int FIRST = 5;

    // From what is known before the first step.
    /** Mean squared distance between views of a sample, by that between views of different samples, as they are fed. */
    private static final double ALIKE = 0.01;

    /** Copies of a sample among the others, on average. */
    private static final double COPIES = 0.05;
    /** Share of the pairs of different samples whose names differ in numbers alone, where chance would give less than {@link #CHANCE}. */
    private static final double LEAKED = 0.95;

    private static final double CHANCE = 0.6;
    /** Share of rows whose label a column tells, where always guessing the commonest would give less than {@link #CHANCE}. */
    private static final double TOLD = 0.99;

    // From the probe.
    /** Share of a batch norm's channels without variance. */
    private static final double DEAD = 0.5;
    /** Share of zeros behind an activation. */
    private static final double ALL_ZEROS = 0.95;
    /** Length of an update by that of the weights, of the median layer. */
    private static final double LARGE_UPDATE = 0.06;
    /** Deviation of directions, 1 where they point everywhere and 0 where all are one, by what it was at first. */
    private static final double COLLAPSED_SPREAD = 0.2;
    /** RankMe of projections by what it was at first. */
    private static final double LOST_RANK = 0.25;

    /**
     * Likewise, of projections that have lost their rank: a batch norm at their end leaves a collapse one sample or two that
     * are far from all others. With one of a probe's 16, their directions deviate by 0.48, with two by 0.66.
     */
    private static final double BUNCHED_SPREAD = 0.7;

    private static final String SPREAD = "projection_spread";
    private static final String RANK = "projection_rankme";

    private Rules() {}

    /**
     * New rules, that have seen nothing.
     *
     * @param warmup steps of rising rate
     */
    static List<Rule> all(long warmup) {
        return List.of(
                // before the first step
                before(
                        Fault.SHORT_WARMUP,
                        all -> above(all, "warmup_steps", value(all, "steps") - 1),
                        "warmup_steps",
                        "steps"),
                before(Fault.FEW_SAMPLES, all -> below(all, "samples", value(all, "width")), "samples", "width"),
                before(Fault.DUPLICATES, all -> above(all, "copies", COPIES), "copies", "looked_at"),
                before(
                        Fault.LABEL_LEAK,
                        all -> above(all, "pairs_of_one_name", LEAKED) && below(all, "by_chance", CHANCE),
                        "pairs_of_one_name",
                        "by_chance"),
                before(
                        Fault.LABEL_COLUMN,
                        all -> above(all, "column_tells", TOLD) && below(all, "by_guess", CHANCE),
                        "column_tells",
                        "column",
                        "by_guess"),
                before(Fault.VIEWS_ALIKE, all -> below(all, "view_distance", ALIKE), "view_distance"),
                // from the loss
                new Collapse(),
                new Lasting(
                        Fault.DIMENSIONAL_COLLAPSE,
                        CORRELATED_STEPS,
                        all -> above(all, LossShape.CORRELATION, CORRELATED)
                                && above(all, LossShape.DEVIATION, COLLAPSED_DEVIATION),
                        LossShape.CORRELATION,
                        "covariance"),
                new FlatInvariance(warmup),
                new Divergence(),
                new Overflow(),
                // from the probe
                new Lasting(
                        Fault.DEAD_NORM,
                        1,
                        all -> above(all, "dead_norm", DEAD) || above(all, "zeros", ALL_ZEROS),
                        "dead_norm",
                        "zeros"),
                new Lasting(Fault.HIGH_RATE, 1, all -> above(all, "update_ratio", LARGE_UPDATE), "update_ratio"),
                new Fallen(Fault.COLLAPSE, SPREAD, COLLAPSED_SPREAD),
                new LostRank());
    }

    private static double value(Map<String, Float> values, String name) {
        Float value = values.get(name);
        return value == null ? Double.NaN : value;
    }

    /** False where either isn't known. */
    private static boolean above(Map<String, Float> values, String name, double bound) {
        return value(values, name) > bound;
    }

    private static boolean below(Map<String, Float> values, String name, double bound) {
        return value(values, name) < bound;
    }

    private static Map<String, Float> evidence(Map<String, Float> values, String... names) {
        Map<String, Float> evidence = new LinkedHashMap<>();
        for (String name : names) {
            Float value = values.get(name);
            if (value != null && Float.isFinite(value)) {
                evidence.put(name, value);
            }
        }
        return evidence;
    }

    private static Rule before(Fault fault, Predicate<Map<String, Float>> wrong, String... names) {
        return new Lasting(fault, 1, wrong, names);
    }

    /** Something is wrong in so many steps, or measurements, one after another. */
    private static final class Lasting implements Rule {
        private final Fault fault;
        private final int needed;
        private final Predicate<Map<String, Float>> wrong;
        private final String[] names;
        private int inARow;
        private long since;

        /** @param names of the evidence; only where the first is there, values are looked at */
        Lasting(Fault fault, int needed, Predicate<Map<String, Float>> wrong, String... names) {
            this.fault = fault;
            this.needed = needed;
            this.wrong = wrong;
            this.names = names;
        }

        @Override
        public Optional<Finding> see(long step, Map<String, Float> values) {
            if (!values.containsKey(names[0])) {
                return Optional.empty();
            }
            inARow = wrong.test(values) ? inARow + 1 : 0;
            since = inARow == 1 ? step : since;
            return inARow < needed
                    ? Optional.empty()
                    : Optional.of(new Finding(fault, step, since, evidence(values, names)));
        }
    }

    /** The mean of the first finite values; not a number until they are all there. */
    private static final class Beginning {
        private final int steps;
        private double sum;
        private int count;

        Beginning(int steps) {
            this.steps = steps;
        }

        double see(double value) {
            if (count < steps && Double.isFinite(value)) {
                sum += value;
                count++;
            }
            return count < steps ? Double.NaN : sum / steps;
        }
    }

    /** The last so many finite values. */
    private static final class Window {
        private final int size;
        private final Deque<Double> last = new ArrayDeque<>();

        Window(int size) {
            this.size = size;
        }

        /** The mean; not a number until there are enough. */
        double see(double value) {
            if (Double.isFinite(value)) {
                last.add(value);
            }
            if (last.size() > size) {
                last.remove();
            }
            return last.size() < size
                    ? Double.NaN
                    : last.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
        }
    }

    private static final class Collapse implements Rule {
        private final Beginning beginning = new Beginning(FIRST);
        private double began = Double.NaN;
        private final Lasting lasting = new Lasting(
                Fault.COLLAPSE,
                COLLAPSED_STEPS,
                all -> below(all, LossShape.DEVIATION, Math.min(COLLAPSED_DEVIATION, COLLAPSED_SHARE * began)),
                LossShape.DEVIATION,
                "variance",
                "invariance");

        @Override
        public Optional<Finding> see(long step, Map<String, Float> values) {
            if (values.containsKey(LossShape.DEVIATION)) {
                began = beginning.see(value(values, LossShape.DEVIATION));
            }
            return lasting.see(step, values);
        }
    }

    /** Views come no nearer to each other: since they have nothing in common, or though they have. */
    private static final class FlatInvariance implements Rule {
        private final long warmup;
        private final Beginning beginning = new Beginning(FLAT_FIRST);
        private final Window window = new Window(FLAT_STEPS);

        FlatInvariance(long warmup) {
            this.warmup = warmup;
        }

        @Override
        public Optional<Finding> see(long step, Map<String, Float> values) {
            if (!values.containsKey(LossShape.UNLIKENESS)) {
                return Optional.empty();
            }
            double began = beginning.see(value(values, LossShape.UNLIKENESS));
            if (step <= Math.max(warmup, FLAT_FIRST)) {
                return Optional.empty();
            }
            double now = window.see(value(values, LossShape.UNLIKENESS));
            boolean unlike = now > UNLIKE && now > STILL_UNLIKE * began;
            if (!(unlike || (now > FLAT * began && now > LITTLE))) {
                return Optional.empty();
            }
            Map<String, Float> evidence = new LinkedHashMap<>();
            evidence.put(LossShape.UNLIKENESS, (float) now);
            evidence.put("at_first", (float) began);
            Fault fault = unlike ? Fault.VIEWS_UNLIKE : Fault.FLAT_INVARIANCE;
            return Optional.of(new Finding(fault, step, step - FLAT_STEPS + 1, evidence));
        }
    }

    /** The loss rises above what it was at first. */
    private static final class Divergence implements Rule {
        private double began = Double.NaN;
        private final Lasting lasting = new Lasting(
                Fault.HIGH_RATE,
                DIVERGED_STEPS,
                all -> all.containsKey(LossShape.DEVIATION) && above(all, "loss", DIVERGED * began),
                "loss",
                "lr");

        @Override
        public Optional<Finding> see(long step, Map<String, Float> values) {
            began = Double.isFinite(began) ? began : value(values, "loss");
            return lasting.see(step, values);
        }
    }

    private static final class Overflow implements Rule {
        private final Deque<Float> last = new ArrayDeque<>(); // skipped steps in all, after each

        @Override
        public Optional<Finding> see(long step, Map<String, Float> values) {
            Float skipped = values.get("skipped_steps");
            if (skipped == null) {
                return Optional.empty();
            }
            if (step >= SKIPPED_OF) { // until then the scale may be too large
                last.add(skipped);
            }
            if (last.size() > SKIPPED_OF) {
                last.remove();
            }
            boolean often = !last.isEmpty() && skipped - last.getFirst() >= SKIPPED;
            return often || value(values, "loss_scale") <= SMALLEST_SCALE
                    ? Optional.of(
                            new Finding(Fault.OVERFLOW, step, step, evidence(values, "loss_scale", "skipped_steps")))
                    : Optional.empty();
        }
    }

    /** What is measured on the way falls to a share of what it was first. */
    private static final class Fallen implements Rule {
        private final Fault fault;
        private final String name;
        private final double share;
        private double first = Double.NaN;

        Fallen(Fault fault, String name, double share) {
            this.fault = fault;
            this.name = name;
            this.share = share;
        }

        @Override
        public Optional<Finding> see(long step, Map<String, Float> values) {
            double value = value(values, name);
            first = Double.isNaN(first) ? value : first;
            if (!(value < share * first)) {
                return Optional.empty();
            }
            Map<String, Float> evidence = new LinkedHashMap<>(evidence(values, name));
            evidence.put("at_first", (float) first);
            return Optional.of(new Finding(fault, step, step, evidence));
        }
    }

    /** Projections lose their rank: along few directions, or since nearly all of them are one. */
    private static final class LostRank implements Rule {
        private final Rule lost = new Fallen(Fault.DIMENSIONAL_COLLAPSE, RANK, LOST_RANK);
        private final Rule bunched = new Fallen(Fault.COLLAPSE, SPREAD, BUNCHED_SPREAD);

        @Override
        public Optional<Finding> see(long step, Map<String, Float> values) {
            Optional<Finding> dimensional = lost.see(step, values);
            Optional<Finding> whole = bunched.see(step, values);
            return dimensional.isPresent() && whole.isPresent() ? whole : dimensional;
        }
    }
}
