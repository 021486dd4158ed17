package dev.vicreg.training.config;

import dev.vicreg.models.encoder.OnnxEncoder;
import dev.vicreg.models.onnx.OnnxFile;
import dev.vicreg.runtime.file.FileDigest;
import java.io.IOException;
import java.lang.ref.SoftReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Encoder files that were read, for as long as memory allows: settings, graph and export ask for the same file several
 * times, and read it once. Thread-safe.
 */
final class EncoderFiles {
    /** Two sides, and a run's copies of their files. */
    private static final int KEPT = 4;

    private record Key(String path, String sha256, String output) {}

    private static final Map<Key, SoftReference<OnnxEncoder.Source>> READ = new LinkedHashMap<>();
    /** The file that was opened last, under no output. */
    private static Key lastKey = new Key("", "", "");

    private static SoftReference<OnnxFile.@Nullable Opened> last = new SoftReference<>(null);

    private EncoderFiles() {}

    /**
     * The file of these settings.
     *
     * @throws IOException if it cannot be read, or holds what is not supported
     */
    static synchronized OnnxEncoder.Source source(OnnxConfig config) throws IOException {
        Key key = new Key(config.path(), config.sha256(), config.output());
        SoftReference<OnnxEncoder.Source> known = READ.remove(key);
        OnnxEncoder.Source source = known == null ? null : known.get();
        if (source == null) {
            source = OnnxEncoder.Source.read(Path.of(config.path()), opened(config), config.output());
        }
        READ.put(key, new SoftReference<>(source)); // as the last one
        if (READ.size() > KEPT) {
            READ.remove(READ.keySet().iterator().next());
        }
        return source;
    }

    /** What a file was when its checksum was taken. */
    private record State(
            Path path,
            long bytes,
            FileTime changed,
            @Nullable Object key) {}

    private static final Map<State, String> DIGESTS = new LinkedHashMap<>();

    /** The checksum of a file, taken once as long as the file stays as it is. */
    static synchronized String sha256(Path file) throws IOException {
        BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
        State state = new State(file, found.size(), found.lastModifiedTime(), found.fileKey());
        String known = DIGESTS.remove(state);
        String digest = known == null ? FileDigest.sha256(file) : known;
        DIGESTS.put(state, digest); // as the last one
        if (DIGESTS.size() > KEPT) {
            DIGESTS.remove(DIGESTS.keySet().iterator().next());
        }
        return digest;
    }

    /** The file of these settings, whatever its output. */
    static synchronized OnnxFile.Opened opened(OnnxConfig config) throws IOException {
        Key key = new Key(config.path(), config.sha256(), "");
        OnnxFile.Opened known = key.equals(lastKey) ? last.get() : null;
        if (known == null) {
            known = OnnxFile.open(Path.of(config.path()));
            lastKey = key;
            last = new SoftReference<>(known);
        }
        return known;
    }
}
