package dev.vicreg.runtime;

/**
 * What a regressor says of one sample.
 *
 * @param value the number, in the unit of those that it was trained on
 * @param embedding the encoder's vector, [dimension], not scaled to length 1; the caller's own
 */
public record Prediction(float value, float[] embedding) {}
