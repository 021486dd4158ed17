package dev.vicreg.tools.evaluation;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.Embedder;
import java.io.IOException;
import java.util.List;

/** Samples of data that a user has named: where one cannot be brought to what the model takes, that is the user's. */
record UserSamples<S>(Embedder<S> embedder) implements Embedder<S> {
    @Override
    public S decode(byte[] file, String name) throws IOException {
        return embedder.decode(file, name);
    }

    /** @throws SettingException if it can't be brought to that */
    @Override
    public S prepare(S sample) {
        return SampleForms.prepare(embedder::prepare, sample);
    }

    @Override
    public float[][] embed(List<S> prepared) {
        return embedder.embed(prepared);
    }
}
