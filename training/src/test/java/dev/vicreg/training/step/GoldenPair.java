package dev.vicreg.training.step;

import com.fasterxml.jackson.databind.JsonNode;
import dev.vicreg.models.encoder.Encoder;
import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.Parameter;
import dev.vicreg.training.Lcg;
import dev.vicreg.training.objective.Projector;
import dev.vicreg.training.objective.VicReg;
import dev.vicreg.training.optim.Optimizer;
import dev.vicreg.training.optim.RateFactor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The two networks of golden/two-networks.json: {@link GoldenNet} on pictures and one on vectors that belong to them. */
public final class GoldenPair {
    private static final int VECTOR = 12;

    private GoldenPair() {}

    /** {@code VectorEncoder} of the generator: [N,12] → [N,10]. */
    private static final class VectorNet implements Encoder {
        @Override
        public int dimension() {
            return 10;
        }

        @Override
        public Value build(Layers layers, Value x) {
            Value hidden = layers.relu(layers.batchNorm("bn", layers.linear("fc1", x, 20, false)));
            return layers.relu(layers.linear("fc2", hidden, 10, false));
        }
    }

    public static Branch pictures() {
        return Branch.first(
                new GoldenNet.Floats(3, 8, 8),
                new GoldenNet(),
                new Projector(List.of(32, 32), Projector.Ending.WITHOUT_BIAS));
    }

    /**
     * The second branch.
     *
     * @param width of the projection; 32 in the reference
     */
    public static Branch vectors(int width) {
        return Branch.second(
                new GoldenNet.Floats(VECTOR),
                new VectorNet(),
                new Projector(List.of(24, width), Projector.Ending.WITHOUT_BIAS));
    }

    public static TrainingGraph.Spec spec(Optimizer optimizer, TrainingGraph.NoDecay noDecay) {
        return spec(new VicReg(VicReg.Variant.OFFICIAL, 25, 25, 1), optimizer, noDecay, RateFactor.ONE);
    }

    public static TrainingGraph.Spec spec(
            VicReg loss, Optimizer optimizer, TrainingGraph.NoDecay noDecay, RateFactor rateFactor) {
        return new TrainingGraph.Spec(pictures(), vectors(32), loss, optimizer, noDecay, rateFactor, GoldenNet.BATCH);
    }

    /** The generator's starting point; it draws in the order in which the reference lists the parameters. */
    public static Map<String, Tensor> initialState(TrainingGraph.Built built, JsonNode golden) {
        Map<String, Tensor> state = new LinkedHashMap<>(built.initialState(0));
        Map<String, Parameter> byName =
                built.parameters().all().stream().collect(Collectors.toMap(Parameter::name, parameter -> parameter));
        Lcg random = new Lcg(7);
        golden.get("final_parameters").fieldNames().forEachRemaining(name -> {
            Parameter parameter = byName.get(name);
            if (parameter == null) {
                throw new AssertionError("no parameter " + name);
            }
            state.put(name, GoldenNet.draw(random, parameter));
        });
        return state;
    }

    /** The two views of one step, from a generator that goes on. */
    public static List<Tensor> views(Lcg data) {
        Shape pictures = Shape.of(GoldenNet.BATCH, 3, 8, 8);
        int count = (int) pictures.elements();
        double[] x = data.doubles(count);
        Tensor a = GoldenNet.view(pictures, x, data.doubles(count));
        double[] vectors = new double[GoldenNet.BATCH * VECTOR];
        for (int i = 0; i < vectors.length; i++) { // the first values of each picture
            vectors[i] = x[i / VECTOR * (count / GoldenNet.BATCH) + i % VECTOR];
        }
        Tensor b = GoldenNet.view(Shape.of(GoldenNet.BATCH, VECTOR), vectors, data.doubles(vectors.length));
        return List.of(a, b);
    }
}
