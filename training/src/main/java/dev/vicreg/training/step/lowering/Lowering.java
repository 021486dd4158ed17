package dev.vicreg.training.step.lowering;

import dev.vicreg.models.graph.Graph;
import dev.vicreg.models.graph.OpType;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.ops.Rewriter;
import dev.vicreg.training.step.pass.Pass;
import dev.vicreg.training.step.pass.Recomputation;
import dev.vicreg.training.step.pass.StepGraph;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How ONNX Runtime carries out a step on a device: {@link CpuLowering} and {@link CudaLowering} choose its kernels, and
 * {@link InPlace} writes new values over old ones. All choices give the same numbers up to rounding, but for running
 * variances, which CUDA's kernel moves by itself.
 *
 * @param target what the kernels are chosen for
 * @param threads that one operator may use
 * @param block channels in a block of ONNX Runtime's blocked layout on this machine; 0 where it has none
 * @param recomputation what isn't held for the backward pass
 */
public record Lowering(Target target, int threads, int block, Recomputation recomputation) implements Pass {
    /** What kernels are chosen for. */
    public enum Target {
        /** No device: convolutions as the autodiff wrote them. */
        PLAIN,
        /** The CPU. */
        CPU,
        /** NVIDIA's GPUs. */
        CUDA
    }

    /** Convolutions as the autodiff wrote them, to compare with. */
    public static final Lowering NONE = new Lowering(Target.PLAIN, 0, 0, Recomputation.NONE);

    /** For CUDA. */
    public static final Lowering CUDA = new Lowering(Target.CUDA, 0, 0, Recomputation.NONE);

    /** For the CPU. */
    public static Lowering cpu(int threads, int block) {
        return new Lowering(Target.CPU, threads, block, Recomputation.NONE);
    }

    /** The same kernels for a step that holds less. */
    public Lowering with(Recomputation other) {
        return new Lowering(target, threads, block, other);
    }

    /**
     * The same computation with the chosen kernels.
     *
     * @throws IllegalArgumentException if an operator of the graph has no kernel on the target and no substitute
     */
    public Graph apply(Graph graph) {
        return switch (target) {
            case PLAIN -> Rewriter.rewrite(graph, Map.of(), CpuKernels::rewrite);
            case CPU -> Rewriter.rewrite(RoundedHalf.apply(graph), Map.of(), new CpuLowering(threads, block));
            case CUDA -> Rewriter.rewrite(graph, Map.of(), new CudaLowering(graph));
        };
    }

    @Override
    public StepGraph apply(StepGraph step) {
        return recomputation.apply(step).map(this::apply);
    }

    /** The step with the chosen kernels, as a graph that writes new values over the old ones when it runs. */
    public Graph write(StepGraph step) {
        return InPlace.write(apply(step), target == Target.CPU);
    }

    /** The step with the chosen kernels, none of which writes over what it reads: new values have memory of their own. */
    public StepGraph applyWithoutWrites(StepGraph step) {
        return InPlace.none(apply(step));
    }

    /** The version of the standard operators that a file of the lowered graph declares. */
    public int opset(Graph lowered) {
        return target == Target.CUDA ? CudaLowering.opset(lowered) : OpType.ONNX_OPSET;
    }

    /** An input that the operator must have. */
    static Value input(List<@Nullable Value> inputs, int index) {
        Value value = inputs.get(index);
        if (value == null) {
            throw new IllegalStateException("An operator lacks input " + index);
        }
        return value;
    }
}
