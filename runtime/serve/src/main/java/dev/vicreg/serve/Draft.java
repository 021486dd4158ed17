package dev.vicreg.serve;

import java.io.IOException;

/**
 * A sample that is still to be made of what a client sent.
 *
 * @param <S> a prepared sample
 */
@FunctionalInterface
interface Draft<S> {
    /**
     * The sample as the model takes it.
     *
     * @throws IOException if it can't be decoded: says why, in words for the client
     * @throws Refusal likewise
     */
    S make() throws IOException;

    /** Pixels that making it keeps in memory; 0 of what is no picture. */
    default long pixels() throws IOException {
        return 0;
    }
}
