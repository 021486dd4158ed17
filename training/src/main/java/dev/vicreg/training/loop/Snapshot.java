package dev.vicreg.training.loop;

import dev.vicreg.runtime.file.TemporaryFolder;
import dev.vicreg.training.run.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a session holds after a step, for all who look at it: written when it is first asked for, and once. Not thread-safe.
 */
final class Snapshot implements AutoCloseable {
    private final RunFolder.Writer writer;
    private final Path neighbour;
    private @Nullable TemporaryFolder folder; // with the file

    /**
     * Writes nothing yet.
     *
     * @param writer of the session, which does no step before this is closed
     * @param neighbour a file or folder beside which there is room for checkpoints
     */
    Snapshot(RunFolder.Writer writer, Path neighbour) {
        this.writer = writer;
        this.neighbour = neighbour;
    }

    /**
     * The checkpoint, until this is closed.
     *
     * @throws IOException if it can't be written whole
     */
    Path file() throws IOException {
        TemporaryFolder its = folder;
        if (its == null) {
            its = TemporaryFolder.beside(neighbour);
            folder = its;
            writer.write(file(its));
        }
        return file(its);
    }

    private static Path file(TemporaryFolder folder) {
        return folder.path().resolve("checkpoint");
    }

    /**
     * Leaves the checkpoint elsewhere on the same file system; not synced. The last that is asked.
     *
     * @throws IOException if it can't be written whole
     */
    void moveTo(Path target) throws IOException {
        if (folder == null) {
            writer.write(target);
        } else {
            Files.move(file(), target);
        }
    }

    @Override
    public void close() throws IOException {
        if (folder != null) {
            folder.close();
        }
    }
}
