package dev.vicreg.training.objective;

/**
 * The networks that an objective wants behind the encoder. All want a {@link Projector}, whose widths a run sets. A
 * predictor behind it, or a target whose weights are averages, will be a component here when an objective asks for one, and
 * an averaged weight a further row of the step's new values.
 *
 * @param lastBias whether the projector's last layer has a bias
 */
public record Heads(boolean lastBias) {}
