package dev.vicreg.tools;

import dev.vicreg.runtime.DoctorReport;
import dev.vicreg.tools.cli.Command;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.output.Json;
import java.io.PrintStream;
import java.util.List;

/** Prints what this machine offers and what it lacks. */
final class DoctorCommand {
    static final Command COMMAND = new Command(
            "doctor",
            "prints Java, native libraries, training support and GPU as found on this machine",
            List.of(),
            List.of(SharedSettings.JSON),
            "./vicreg doctor",
            DoctorCommand::run);

    private DoctorCommand() {}

    private static void run(Settings settings, Console console) throws Exception {
        DoctorReport report = DoctorReport.collect();
        if (settings.on(SharedSettings.JSON)) {
            console.out().println(Json.line(report));
        } else {
            print(report, console.out());
        }
        if (report.problem() != null) {
            throw new IllegalStateException("ONNX Runtime cannot be used: " + report.problem());
        }
    }

    private static void print(DoctorReport report, PrintStream out) {
        row(out, "Java", report.java());
        row(out, "platform", report.platform());
        row(out, "threads", report.processors() + " (one a processor)");
        row(out, "Java heap", (report.maxHeapBytes() >> 20) + " MB at most (VICREG_JAVA_OPTS=-Xmx8g for another)");
        row(out, "ONNX Runtime", report.ortVersion() == null ? "not loaded: " + report.problem() : report.ortVersion());
        row(out, "training", report.trainingEnabled() ? "enabled" : "not enabled in these libraries");
        row(out, "providers", String.join(", ", report.providers()));
        report.libraries().forEach((path, origin) -> row(out, "library", path + " (from " + origin + ")"));
        row(out, "GPU", report.gpus().isEmpty() ? "none found" : String.join(", ", report.gpus()));
        report.cudaLibraries().forEach((name, path) -> row(out, "CUDA library", name + " = " + path));
        row(out, "CUDA", report.cudaMissing() == null ? "usable" : "not usable: " + report.cudaMissing());
    }

    private static void row(PrintStream out, String name, String value) {
        out.println((name + " ".repeat(14)).substring(0, 14) + value);
    }
}
