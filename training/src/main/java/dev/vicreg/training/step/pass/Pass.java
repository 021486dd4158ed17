package dev.vicreg.training.step.pass;

/** Makes another step of one, with the same inputs, outputs and targets: in another precision, with other operators. */
@FunctionalInterface
public interface Pass {
    /** The other step. */
    StepGraph apply(StepGraph step);
}
