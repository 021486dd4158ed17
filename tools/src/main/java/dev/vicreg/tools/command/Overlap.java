package dev.vicreg.tools.command;

import dev.vicreg.training.data.source.DataFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Whether samples that classify are among those that are classified: each then finds itself, and kNN says 100 %. */
final class Overlap {
    private Overlap() {}

    /**
     * What is wrong with measuring {@code test} by {@code train}; empty if they lie apart. Links are followed.
     *
     * @param train as a user names data
     * @param test likewise
     * @throws IOException if one isn't there
     */
    static Optional<String> of(String train, String test) throws IOException {
        Path a = place(train);
        Path b = place(test);
        if (!a.startsWith(b) && !b.startsWith(a)) {
            return Optional.empty();
        }
        String how = a.equals(b) ? " are the same samples as " : a.startsWith(b) ? " hold " : " lie in ";
        return Optional.of("the test data " + test + how + "the training data " + train
                + ": each of those would find itself, and kNN say nothing; name samples that lie apart");
    }

    /** Where data really are, folders inside archives below them. */
    private static Path place(String spec) throws IOException {
        DataFiles files = DataFiles.at(spec);
        return files.path().toRealPath().resolve(files.part());
    }
}
