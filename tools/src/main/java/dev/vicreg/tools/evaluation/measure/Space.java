package dev.vicreg.tools.evaluation.measure;

/**
 * What samples are compared in: vectors of an encoder, of its projector, or of the samples themselves.
 *
 * @param key for programs: {@code encoder}, {@code projection}, {@code baseline}, {@code raw} or a file's name
 * @param name for a person
 * @param train vectors of the training samples, [samples][D]
 * @param test vectors of the test samples, [samples][D]
 * @param views vectors of views of some test samples, [samples][views][D]; empty where none were drawn
 */
public record Space(String key, String name, float[][] train, float[][] test, float[][][] views) {
    /** Without views. */
    public Space(String key, String name, float[][] train, float[][] test) {
        this(key, name, train, test, new float[0][][]);
    }
}
