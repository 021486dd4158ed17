package dev.vicreg.training.data.view;

/**
 * What the random choices of one view depend on, and nothing else does.
 *
 * @param seed of the run
 * @param epoch counted from 0
 * @param index place of the sample in its data set
 * @param view 0, 2, … for those made as view a, 1, 3, … for those made as view b
 */
public record ViewKey(long seed, int epoch, int index, int view) {
    /** The random numbers of this view, from the first. */
    public SampleRandom random() {
        return new SampleRandom(seed, epoch, index, view);
    }
}
