package dev.vicreg.models.nn;

import dev.vicreg.models.graph.Attributes;
import dev.vicreg.models.graph.ElementType;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Parameter.Role;
import dev.vicreg.models.ops.Ops;
import dev.vicreg.models.setting.SettingException;
import java.util.List;
import java.util.Map;

/**
 * Random masks that a graph draws itself, by hashing where they are: the run's key, the step, the place in the network
 * and the element. So a run that is resumed draws what it would have drawn, and both branches draw different masks. Key
 * and step are state of the checkpoint, {@value #STATE}.
 *
 * <p>The hash is three rounds of x ← (x + kᵣ)³ mod p, in the manner of MiMC (Albrecht et al. 2016): cubing permutes the
 * numbers below a prime p = 2 mod 3, and products of two stay below 2⁶³. It makes no claim to be cryptographic. Standard
 * int64 operators compute it, the same way on every machine.
 */
final class RandomMasks {
    /** The checkpoint's entry: float [step, key]. */
    static final String STATE = "dropout.state";

    /** The largest prime below 2³¹ that is 2 mod 3. */
    private static final long PRIME = 2_147_483_579L;
    /** Whole numbers up to here are exact in float32; the step starts again from 0 there. */
    private static final int LIMIT = 1 << 24;

    private static final int ROUNDS = 3;
    /** Odd numbers without a pattern below {@link #PRIME}, one row a round: of step, key and place. */
    private static final long[][] FACTORS = {
        {1_540_483_477L, 668_265_263L, 374_761_393L},
        {2_024_237_689L, 1_183_186_591L, 709_607_159L},
        {1_103_515_245L, 1_811_290_477L, 951_274_213L}
    };

    private final Parameters parameters;
    private long places;

    RandomMasks(Parameters parameters) {
        this.parameters = parameters;
    }

    /**
     * Booleans of {@code shape}, false for about a share {@code ratio} of them; another mask at every call.
     *
     * @param statistics takes the step's next value
     */
    Value kept(Ops ops, Map<Parameter, Value> statistics, Shape shape, double ratio) {
        if (!(ratio >= 0 && ratio < 1)) {
            throw new SettingException("Dropout ratio: expected 0 or more and less than 1, found " + ratio);
        }
        Parameter state = parameters.declare(
                STATE, Shape.of(2), Role.COUNTER, (of, random) -> Tensor.of(of, 0, random.nextInt(LIMIT)));
        statistics.computeIfAbsent(state, RandomMasks::next);
        Value numbers = ops.cast(state.value(), ElementType.INT64);
        Value place = ops.longs(places++);
        long elements = shape.elements();
        Value x = ops.node(
                        OpType.RANGE, List.of(scalar(ops, 0), scalar(ops, elements), scalar(ops, 1)), Attributes.NONE)
                .output(0);
        for (int round = 0; round < ROUNDS; round++) {
            Value step = ops.mul(ops.slice(numbers, 0, 0, 1, 1), ops.longs(FACTORS[round][0]));
            Value key = ops.mul(ops.slice(numbers, 0, 1, 2, 1), ops.longs(FACTORS[round][1]));
            Value where = ops.mul(place, ops.longs(FACTORS[round][2]));
            x = cube(ops, ops.add(x, cube(ops, ops.add(ops.add(step, key), where))));
        }
        Value kept = ops.greater(x, ops.longs(Math.round(ratio * PRIME) - 1));
        return ops.reshape(kept, shape.toArray());
    }

    private static Value next(Parameter state) {
        Ops ops = new Ops().scope(STATE);
        Value counted = ops.add(state.value(), ops.constant(Tensor.of(Shape.of(2), 1, 0)));
        Value limit = ops.constant(Tensor.of(Shape.of(2), LIMIT, LIMIT));
        return ops.node(OpType.MOD, List.of(counted, limit), Attributes.NONE.with("fmod", 1L))
                .output(0);
    }

    /** x³ mod p. */
    private static Value cube(Ops ops, Value x) {
        Value reduced = mod(ops, x);
        return mod(ops, ops.mul(mod(ops, ops.mul(reduced, reduced)), reduced));
    }

    private static Value mod(Ops ops, Value x) {
        return ops.node(OpType.MOD, List.of(x, ops.longs(PRIME)), Attributes.NONE)
                .output(0);
    }

    private static Value scalar(Ops ops, long value) {
        return ops.constant(Tensor.ofLong(value));
    }
}
