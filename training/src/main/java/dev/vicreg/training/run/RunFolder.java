package dev.vicreg.training.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.vicreg.models.graph.Tensor;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.runtime.file.FileDigest;
import dev.vicreg.runtime.file.TemporaryFolder;
import dev.vicreg.training.session.TrainingSession;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The folder of one run: who may write in it, where its files lie, and how checkpoints come and go. Holds the run's lock
 * until closed.
 */
public final class RunFolder implements AutoCloseable {
    private static final String SHA256 = "sha256"; // in state.json, of the checkpoint beside it
    private static final String ONLINE_SHA256 = "online_sha256"; // of the file beside that, where there is one

    private final RunLayout layout;
    private final FileChannel lockFile;
    private final FileLock lock;
    private List<Saved> left = List.of(); // of steps from which the run went back

    private RunFolder(Path root, FileChannel lockFile, FileLock lock) {
        this.layout = new RunLayout(root);
        this.lockFile = lockFile;
        this.lock = lock;
    }

    /**
     * Claims an empty or new folder for a new run. What a start left that was stopped before config.json was there, which
     * is written last, counts as nothing and is removed.
     *
     * @throws FileAlreadyExistsException if it is not empty
     * @throws IOException if it cannot be written to or is in use
     */
    public static RunFolder create(Path root) throws IOException {
        if (Files.exists(root) && !Files.isDirectory(root)) {
            throw new NotDirectoryException(root + " is a file: name a folder for the run");
        }
        Files.createDirectories(root);
        requireFree(root);
        RunFolder folder = lock(root);
        try {
            requireFree(root); // now that nobody else can start in it
            folder.clear();
            AtomicFile.syncFolder(root.toAbsolutePath().getParent());
            return folder;
        } catch (IOException e) {
            folder.close();
            throw e;
        }
    }

    private static void requireFree(Path root) throws IOException {
        boolean stopped = Files.exists(new RunLayout(root).lock()) && !Files.exists(new RunLayout(root).config());
        try (Stream<Path> entries = Files.list(root)) {
            for (Path entry : (Iterable<Path>) entries::iterator) {
                boolean ours = entry.equals(new RunLayout(root).lock())
                        || (stopped && entry.equals(new RunLayout(root).artifacts()))
                        || (stopped && AtomicFile.isTemporary(entry));
                if (!ours) {
                    throw new FileAlreadyExistsException("Folder " + root
                            + " is not empty: name another one, or add `resume` to go on with the run in it");
                }
            }
        }
    }

    /**
     * Claims the folder of a run to go on with it, and removes what a killed process left half written.
     *
     * @throws IOException if it holds no run or is in use
     */
    public static RunFolder reopen(Path root) throws IOException {
        RunConfig.read(new RunLayout(root).config());
        RunFolder folder = lock(root);
        try {
            for (Path part : List.of(root, folder.layout.artifacts(), folder.layout.checkpoints())) {
                deleteTemporaries(part);
            }
            return folder;
        } catch (IOException e) {
            folder.close();
            throw e;
        }
    }

    private static void deleteTemporaries(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            try (Stream<Path> entries = Files.list(folder)) {
                for (Path temporary : entries.filter(AtomicFile::isTemporary).toList()) {
                    TemporaryFolder.delete(temporary);
                }
            }
        }
    }

    private static RunFolder lock(Path root) throws IOException {
        FileChannel channel = FileChannel.open(
                new RunLayout(root).lock(),
                StandardOpenOption.WRITE,
                StandardOpenOption.CREATE,
                LinkOption.NOFOLLOW_LINKS);
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return new RunFolder(root, channel, lock);
            }
        } catch (OverlappingFileLockException e) {
            // held by this very process: refused below like any other
        }
        channel.close();
        throw new IOException(
                "Folder " + root + " is in use by another run: wait for it to end, or name another folder");
    }

    /** The folder. */
    public Path root() {
        return layout.root();
    }

    /** config.json. */
    public Path config() {
        return layout.config();
    }

    /** metrics.jsonl. */
    public Path metrics() {
        return layout.metrics();
    }

    /** The graphs, and the checkpoint that the run started from. */
    public Artifacts artifacts() {
        return Artifacts.in(layout.artifacts());
    }

    /**
     * One saved state.
     *
     * @param step steps done
     * @param file in the format of {@link CheckpointFile}
     */
    public record Saved(long step, Path file) {}

    /** The saved states, oldest first. */
    public List<Saved> saved() throws IOException {
        return saved(layout.root());
    }

    /** The saved states of the run in {@code root}, oldest first; needs no lock. */
    public static List<Saved> saved(Path root) throws IOException {
        Path folder = new RunLayout(root).checkpoints();
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        List<Saved> found = new ArrayList<>();
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path entry : (Iterable<Path>) entries::iterator) {
                RunLayout.step(entry).ifPresent(step -> found.add(new Saved(step, RunLayout.checkpoint(entry))));
            }
        }
        found.sort(Comparator.comparingLong(Saved::step));
        return Collections.unmodifiableList(found);
    }

    /** What learns beside the run, as it was saved after {@code step}; empty where it wasn't. */
    public Map<String, Tensor> online(long step) throws IOException {
        Path file = RunLayout.online(layout.saved(step));
        return Files.exists(file) ? CheckpointFile.read(file) : Map.of();
    }

    /**
     * What is wrong with a saved state, as a sentence goes on after its name; empty where it holds what was saved. One of
     * a run from before checksums were kept counts as sound if its structure is.
     */
    public static Optional<String> damage(Saved saved) {
        Path file = saved.file();
        try {
            Path state = RunLayout.state(Objects.requireNonNull(file.getParent(), "its folder"));
            JsonNode recorded =
                    Files.exists(state) ? RunConfig.JSON.readTree(state.toFile()) : MissingNode.getInstance();
            if (recorded.path(SHA256).isMissingNode()) {
                CheckpointFile.types(file);
                return Optional.empty();
            }
            Optional<String> damage = damage(file, recorded.path(SHA256));
            JsonNode online = recorded.path(ONLINE_SHA256);
            return damage.isPresent() || online.isMissingNode()
                    ? damage
                    : damage(RunLayout.online(file.resolveSibling("")), online)
                            .map(found -> "of the file online beside it: " + found);
        } catch (IOException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private static Optional<String> damage(Path file, JsonNode recorded) throws IOException {
        String found = FileDigest.sha256(file);
        return found.equals(recorded.asText())
                ? Optional.empty()
                : Optional.of("its SHA-256 is " + found + ", saved was " + recorded.asText());
    }

    /** Writes a checkpoint file; what {@link TrainingSession#save} does. */
    @FunctionalInterface
    public interface Writer {
        void write(Path file) throws IOException;
    }

    /** Saves a state that nothing learns beside, and that isn't known to be the best. */
    public Saved save(long step, Writer writer, Set<String> names, int keep) throws IOException {
        return save(step, writer, names, Map.of(), keep, null);
    }

    /**
     * Saves a state: under a temporary name, read back, synced, renamed. Afterwards all but the newest {@code keep} and the
     * best are deleted, and those that {@link #goOnFrom} left behind.
     *
     * @param names what the checkpoint must hold
     * @param online what learns beside the run; may be empty
     * @param best that this state is it; null if it isn't, or nobody knows
     */
    public Saved save(
            long step,
            Writer writer,
            Set<String> names,
            Map<String, Tensor> online,
            int keep,
            @Nullable BestCheckpoint best)
            throws IOException {
        Path target = layout.saved(step);
        Path temporary = AtomicFile.temporaryName(target);
        try {
            Files.createDirectories(layout.checkpoints());
            Files.createDirectory(temporary);
            AtomicFile.syncFolder(root());
            Path file = RunLayout.checkpoint(temporary);
            writer.write(file);
            Set<String> written = CheckpointFile.types(file).keySet(); // a full disk may go unnoticed by the writer
            if (!written.equals(names)) {
                throw new IOException("Checkpoint " + file + " came out with " + written.size() + " entries, expected "
                        + names.size() + ": is the disk full?");
            }
            AtomicFile.sync(file);
            ObjectNode state =
                    RunConfig.JSON.createObjectNode().put("step", step).put(SHA256, FileDigest.sha256(file));
            if (!online.isEmpty()) {
                Path beside = RunLayout.online(temporary);
                CheckpointFile.write(beside, online);
                state.put(ONLINE_SHA256, FileDigest.sha256(beside));
            }
            String text = RunConfig.JSON.writeValueAsString(state) + "\n";
            AtomicFile.write(RunLayout.state(temporary), ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
            TemporaryFolder.discard(target);
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
            AtomicFile.syncFolder(layout.checkpoints());
        } catch (RuntimeException | Error e) {
            clean(temporary, e);
            throw e;
        } catch (IOException e) {
            clean(temporary, e);
            throw new IOException(
                    "Cannot save the checkpoint of step " + step + " in " + layout.checkpoints() + ": " + e.getMessage()
                            + "; earlier checkpoints are kept",
                    e);
        }
        if (best != null) {
            best.write(layout.best());
        } else if (isLeft(BestCheckpoint.of(root()))) {
            Files.delete(layout.best());
        }
        prune(step, keep);
        return new Saved(step, RunLayout.checkpoint(target));
    }

    /** Whether the run went back to before its best state, which it so no longer has. */
    private boolean isLeft(Optional<BestCheckpoint> best) {
        return best.isPresent()
                && left.stream().anyMatch(each -> each.step() == best.get().step());
    }

    /** Deletes what a failure left; the failure is what the caller hears of. */
    private static void clean(Path temporary, Throwable failure) {
        try {
            TemporaryFolder.delete(temporary);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /**
     * Says that the run goes on from the state after {@code step}: those of later steps are no longer the run's, and are
     * deleted once another one is saved, or by {@link #deleteLeft}.
     */
    public void goOnFrom(long step) throws IOException {
        left = saved().stream().filter(each -> each.step() > step).toList();
    }

    /** Deletes the states that {@link #goOnFrom} left behind at once, so that nobody resumes from them. */
    public void deleteLeft() throws IOException {
        if (isLeft(BestCheckpoint.of(root()))) {
            Files.delete(layout.best());
        }
        for (Saved each : left) {
            TemporaryFolder.discard(layout.saved(each.step()));
        }
        left = List.of();
    }

    private void prune(long newest, int keep) throws IOException {
        for (Saved each : left) {
            if (each.step() != newest) {
                TemporaryFolder.discard(layout.saved(each.step()));
            }
        }
        left = List.of();
        Optional<BestCheckpoint> best = BestCheckpoint.of(root());
        List<Saved> saved = saved();
        for (Saved old : saved.subList(0, Math.max(0, saved.size() - keep))) {
            if (best.isEmpty() || best.get().step() != old.step()) {
                TemporaryFolder.discard(layout.saved(old.step()));
            }
        }
    }

    /** Empties the folder of a run that could not be started. */
    public void clear() throws IOException {
        TemporaryFolder.delete(layout.artifacts());
        Files.deleteIfExists(config());
        deleteTemporaries(root());
    }

    /** Lets go of the lock. Idempotent. */
    @Override
    public void close() throws IOException {
        if (lockFile.isOpen()) {
            lock.release();
            lockFile.close();
        }
    }
}
