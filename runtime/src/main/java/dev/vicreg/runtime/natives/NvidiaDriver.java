package dev.vicreg.runtime.natives;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * NVIDIA's driver as Linux shows it. Memory and compute capability of a GPU are told by CUDA alone and are not here.
 *
 * @param version of the kernel's module, e.g. {@code 580.65.06}; null where the kernel doesn't tell
 * @param gpus models of the GPUs, in the driver's order, which need not be CUDA's
 */
record NvidiaDriver(@Nullable String version, List<String> gpus) {
    /** The oldest driver of each CUDA release: NVIDIA, CUDA Compatibility, table "minor version compatibility". */
    private static final Map<Integer, String> OLDEST = Map.of(11, "450.80.02", 12, "525.60.13", 13, "580");

    private static final Pattern VERSION = Pattern.compile("\\s(\\d+\\.\\d+(\\.\\d+)?)\\s");

    /** What this machine shows. */
    static NvidiaDriver installed() throws IOException {
        return of(Path.of("/"));
    }

    /** What a machine with its file system at {@code root} shows. */
    static NvidiaDriver of(Path root) throws IOException {
        Path folder = root.resolve("proc/driver/nvidia");
        Path file = folder.resolve("version");
        String version = null;
        if (Files.isReadable(file)) {
            Matcher matcher = VERSION.matcher(Files.readString(file));
            version = matcher.find() ? matcher.group(1) : null;
        }
        List<String> gpus = models(folder.resolve("gpus"));
        return new NvidiaDriver(version, gpus.isEmpty() ? nodes(root.resolve("dev")) : gpus);
    }

    private static List<String> models(Path folder) throws IOException {
        var models = new ArrayList<String>();
        for (Path gpu : entries(folder, "*")) {
            Path information = gpu.resolve("information");
            if (Files.isReadable(information)) {
                try (Stream<String> lines = Files.lines(information)) {
                    lines.filter(line -> line.startsWith("Model:"))
                            .map(line -> line.substring("Model:".length()).strip())
                            .forEach(models::add);
                }
            }
        }
        return List.copyOf(models);
    }

    /** Some sandboxes pass on the devices and not the driver's folder; Windows' Subsystem for Linux has a device of its own. */
    private static List<String> nodes(Path dev) throws IOException {
        var nodes = new ArrayList<String>();
        for (Path node : entries(dev, "{nvidia[0-9],nvidia[0-9][0-9],dxg}")) {
            nodes.add("unknown model (" + node + ")");
        }
        return List.copyOf(nodes);
    }

    private static List<Path> entries(Path folder, String pattern) throws IOException {
        var entries = new ArrayList<Path>();
        if (Files.isDirectory(folder) && Files.isReadable(folder)) {
            try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, pattern)) {
                found.forEach(entries::add);
            }
        }
        entries.sort(null);
        return entries;
    }

    /** The oldest driver that runs a CUDA release, null if this version doesn't know. */
    static @Nullable String oldestFor(int cudaMajor) {
        return OLDEST.get(cudaMajor);
    }

    /**
     * Whether driver {@code version} is older than a CUDA release needs.
     *
     * @param version numbers with dots between them
     */
    static boolean isTooOld(String version, int cudaMajor) {
        String oldest = oldestFor(cudaMajor);
        if (oldest == null) {
            return false;
        }
        String[] have = version.split("\\.", -1);
        String[] need = oldest.split("\\.", -1);
        for (int i = 0; i < need.length; i++) {
            int number = i < have.length ? Integer.parseInt(have[i]) : 0;
            if (number != Integer.parseInt(need[i])) {
                return number < Integer.parseInt(need[i]);
            }
        }
        return false;
    }
}
