package dev.vicreg.training.data.vector;

import dev.vicreg.training.data.view.SampleRandom;
import dev.vicreg.training.data.view.ViewPolicy;
import java.util.List;

/**
 * From which distribution one view of a vector is drawn: mixed with another sample's, then masked, then noisy. Other
 * samples are drawn uniformly from the training set, so what replaces a value is one that its column really takes.
 *
 * @param mask probability that a value is replaced by the same column's of another sample, drawn anew for each value
 *     (Bahri et al., SCARF, ICLR 2022, section 3; there 0.6 and for one view only)
 * @param noise standard deviation of the nearly normal noise added to every value, in deviations of its column
 * @param mix largest share of another whole sample, itself drawn from 0 to here (mixup of inputs: Zhang et al., ICLR 2018;
 *     for views of tables Darabi et al., Contrastive Mixup, 2021)
 */
public record VectorPolicy(double mask, double noise, double mix) implements ViewPolicy {
    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if one is out of range
     */
    public VectorPolicy {
        ViewPolicy.check("mask", mask, 0, 1);
        ViewPolicy.check("noise", noise, 0, 100);
        ViewPolicy.check("mix", mix, 0, 1);
    }

    /** Some values of other samples, a little noise, a little of another sample. */
    public static VectorPolicy standard() {
        return new VectorPolicy(0.3, 0.1, 0.1);
    }

    @Override
    public String preset() {
        return VectorKind.NOUN;
    }

    /**
     * A view of one sample: a function of the arguments and the random numbers.
     *
     * @param deviation of each column
     */
    public float[] draw(SampleRandom random, VectorDataset data, int sample, List<Float> deviation) {
        double share = random.uniform(0, mix);
        int partner = random.below(data.size());
        float[] view = new float[deviation.size()];
        for (int i = 0; i < view.length; i++) {
            double value = rounded(data, sample, i);
            if (share > 0) { // otherwise the value stays what it is to the last bit
                value += share * (rounded(data, partner, i) - value);
            }
            boolean masked = random.chance(mask);
            int other = random.below(data.size());
            double deviates = noise * random.nextNoise();
            view[i] = (float) ((masked ? rounded(data, other, i) : value) + deviates * deviation.get(i));
        }
        return view;
    }

    /** A value as networks take it. */
    private static float rounded(VectorDataset data, int row, int column) {
        return (float) data.value(row, column);
    }
}
