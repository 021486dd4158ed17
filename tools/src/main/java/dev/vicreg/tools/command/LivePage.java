package dev.vicreg.tools.command;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.report.LiveServer;
import dev.vicreg.tools.report.RunReport;
import dev.vicreg.training.config.TrainingConfig;
import dev.vicreg.training.data.Datasets;
import dev.vicreg.training.run.Metrics;
import dev.vicreg.training.run.RunConfig;
import dev.vicreg.training.run.RunLayout;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** The page of a run that goes on. */
final class LivePage implements Follower {
    private final LiveServer server;

    private LivePage(LiveServer server) {
        this.server = server;
    }

    /** Opens the port and says where the page is. */
    static LivePage open(int port, Console console) throws IOException {
        LiveServer server = LiveServer.open(port);
        console.err().println("live: " + server.address());
        return new LivePage(server);
    }

    /** Shows a run that is about to go on. */
    void show(Path run, TrainingConfig config, Datasets datasets) throws IOException, InterruptedException {
        RunConfig recorded = RunConfig.read(new RunLayout(run).config());
        RunReport report = RunReport.of(Map.of(run, RunCommandLine.of(run, recorded)));
        try {
            report.addViews(config, datasets);
        } catch (IOException | SettingException e) {
            report.note("No samples are shown: " + e.getMessage());
        }
        server.show(report);
    }

    /** The page reads metrics.jsonl when a browser asks. */
    @Override
    public void step(Metrics.Line line) {}

    @Override
    public boolean wantsStop() {
        return server.isStopRequested();
    }

    @Override
    public void close() {
        server.close();
    }
}
