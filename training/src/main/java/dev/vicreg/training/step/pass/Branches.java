package dev.vicreg.training.step.pass;

/** In which order the passes of a step's two branches are done, on the CPU. */
public enum Branches {
    /** Side by side where that takes little memory, else in turn. */
    AUTO,
    /** Each by half of the threads, as {@link StepParts} cuts the step. */
    SIDE_BY_SIDE,
    /** One after the other by all threads. */
    IN_TURN
}
