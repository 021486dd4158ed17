package dev.vicreg.training.run;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The machine that a run is started on, in words: what figures of speed hang on. It has no name and no user. */
public final class Host {
    private static final Path LINUX = Path.of("/proc/cpuinfo");
    private static final double GIB = 1L << 30;

    private Host() {}

    /**
     * {@code processor} where the system tells, {@code processors} that this JVM may use, {@code memory}, {@code system},
     * {@code java} and {@code device}, in this order.
     *
     * @param device that computes, such as {@code cpu} or {@code cuda:0}
     */
    public static Map<String, String> describe(String device) throws IOException {
        Map<String, String> host = new LinkedHashMap<>();
        String model = Files.isReadable(LINUX) ? model(Files.readAllLines(LINUX)) : "";
        if (!model.isEmpty()) {
            host.put("processor", model);
        }
        host.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
        if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system) {
            host.put("memory", String.format(Locale.ROOT, "%.1f GiB", system.getTotalMemorySize() / GIB));
        }
        host.put("system", properties("os.name", "os.version", "os.arch"));
        host.put("java", properties("java.version", "java.vendor"));
        host.put("device", device);
        return host;
    }

    /** The first processor's, as Linux lists them; empty where it isn't told, as on ARM. */
    static String model(List<String> lines) {
        return lines.stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("");
    }

    private static String properties(String... names) {
        return String.join(" ", List.of(names).stream().map(System::getProperty).toList());
    }
}
