package dev.vicreg.training.data;

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

    static VectorPolicy standard() {
        return new VectorPolicy(0.3, 0.1, 0.1);
    }

    /** Gives the values of other samples. */
    interface Table {
        int size();

        float value(int sample, int column);

        /** Standard deviation of a column. */
        float deviation(int column);
    }

    /** A view of one sample: a function of the arguments and the random numbers. */
    float[] draw(SampleRandom random, Table table, int sample, int columns) {
        double share = random.uniform(0, mix);
        int partner = random.below(table.size());
        float[] view = new float[columns];
        for (int i = 0; i < columns; i++) {
            double value = table.value(sample, i);
            if (share > 0) { // otherwise the value stays what it is to the last bit
                value += share * (table.value(partner, i) - value);
            }
            boolean masked = random.chance(mask);
            int other = random.below(table.size());
            double deviates = random.nextNoise();
            value = masked ? table.value(other, i) : value;
            view[i] = (float) (value + noise * table.deviation(i) * deviates);
        }
        return view;
    }
}
