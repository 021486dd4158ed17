package dev.vicreg.tools.command;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.vicreg.models.setting.Group;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.natives.DoctorReport;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.output.Json;
import dev.vicreg.training.config.MachineConfig;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Prints what this machine offers and what it lacks, and tries a device where one is named. */
final class DoctorCommand {
    private static final Setting<Device> DEVICE = new Setting<>(
            "device",
            "auto|cpu|cuda[:N]",
            Group.MACHINE,
            "compute something small there too, and compare it with the CPU",
            null,
            MachineConfig::device);

    static final Usage USAGE =
            new Usage(List.of(), List.of(SharedSettings.JSON, DEVICE), "./vicreg doctor --device cuda");

    /** The report with what came of the trial, if one was asked for. */
    private record Report(
            @JsonUnwrapped DoctorReport machine,
            DeviceTrial.@Nullable Result trial,
            @Nullable String trialProblem) {}

    private DoctorCommand() {}

    static void run(Settings settings, Console console) throws Exception {
        DoctorReport machine = DoctorReport.collect();
        Optional<Device> device = machine.problem() == null ? settings.find(DEVICE) : Optional.empty();
        DeviceTrial.Result trial = null;
        String problem = machine.problem() == null ? null : "ONNX Runtime cannot be used: " + machine.problem();
        if (device.isPresent()) {
            try {
                trial = DeviceTrial.of(device.get());
            } catch (IllegalStateException e) {
                problem = e.getMessage();
            }
        }
        if (settings.on(SharedSettings.JSON)) {
            console.out().println(Json.line(new Report(machine, trial, device.isPresent() ? problem : null)));
        } else {
            print(machine, console.out());
            if (trial != null) {
                print(trial, console.out());
            }
        }
        if (problem != null) {
            throw new IllegalStateException(problem);
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
        row(out, "driver", report.driver() == null ? "none found" : report.driver());
        report.cudaBuilds().forEach(build -> print(build, out));
        report.cudaLibraries().forEach((name, path) -> row(out, "CUDA library", name + " = " + path));
        row(
                out,
                "CUDA",
                report.cudaMissing() == null
                        ? "nothing is missing; ./vicreg doctor --device cuda tries it"
                        : "not usable: " + report.cudaMissing());
    }

    private static void print(DoctorReport.CudaBuild build, PrintStream out) {
        String driver = build.oldestDriver() == null ? "" : " and driver " + build.oldestDriver() + " or newer";
        row(
                out,
                "CUDA provider",
                build.origin() + (build.inUse() ? "" : ", not in use") + ": built for CUDA " + build.cudaMajor()
                        + "; needs " + String.join(", ", build.needs()) + driver);
        if (!build.inUse() && build.missing() != null) {
            row(out, "", "missing for it: " + build.missing());
        }
    }

    private static void print(DeviceTrial.Result trial, PrintStream out) {
        row(
                out,
                "trial",
                String.format(
                        Locale.ROOT,
                        "a convolution and a matrix product on %s in %.2f s; differs from the CPU by %.1e",
                        trial.device(),
                        trial.seconds(),
                        trial.difference()));
    }

    private static void row(PrintStream out, String name, String value) {
        out.println((name + " ".repeat(14)).substring(0, 14) + value);
    }
}
