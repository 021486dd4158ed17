package dev.vicreg.training.step;

/** The two sides of a pair: its views, and the branches that they go through. */
public enum Side {
    /** The first. */
    A,
    /** The second. */
    B;

    /**
     * What the names of the evaluation graph's inputs and outputs end in: nothing, or {@code _b} for the second of two
     * branches with weights of their own.
     */
    public String suffix() {
        return this == A ? "" : "_b";
    }

    /** The name of the evaluation graph's output with this side's representation. */
    public String representation() {
        return "representation" + suffix();
    }

    /** The name of the evaluation graph's output with this side's projection. */
    public String projection() {
        return "projection" + suffix();
    }
}
