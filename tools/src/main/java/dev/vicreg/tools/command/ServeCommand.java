package dev.vicreg.tools.command;

import dev.vicreg.models.setting.Group;
import dev.vicreg.models.setting.SettingException;
import dev.vicreg.runtime.file.AtomicFile;
import dev.vicreg.serve.EventLog;
import dev.vicreg.serve.InferenceServer;
import dev.vicreg.serve.ServeConfig;
import dev.vicreg.tools.cli.Console;
import dev.vicreg.tools.cli.Setting;
import dev.vicreg.tools.cli.Settings;
import dev.vicreg.tools.cli.Usage;
import dev.vicreg.tools.cli.Version;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Serves models over HTTP. */
final class ServeCommand {
    private static final int POLL_MILLIS = 100;

    private static final Setting<List<String>> MODEL = Setting.repeated(Setting.text(
            "model",
            "[NAME=]FILE.onnx",
            Group.MODEL,
            "encoder as ./vicreg export writes it, or classifier as ./vicreg classify does; its name is the file's",
            null));
    private static final Setting<List<String>> INDEX = Setting.repeated(Setting.text(
            "index",
            "[NAME=]FILE",
            Group.MODEL,
            "answer /search from an index that ./vicreg index made with the model of that name",
            null));
    private static final Setting<String> HOST =
            Setting.text("host", "HOST", Group.SERVER, "name or number of this machine to listen at", "127.0.0.1");
    private static final Setting<Integer> PORT =
            Setting.integer("port", "N", Group.SERVER, "0 for any that is free", 8080, 0, 65535);
    private static final Setting<Path> PORT_FILE =
            Setting.path("port-file", "FILE", Group.SERVER, "write the port there once the server listens");
    private static final Setting<Path> TOKEN_FILE =
            Setting.path("token-file", "FILE", Group.SERVER, "answer only who bears the token in this file");
    private static final Setting<Path> TLS_CERT =
            Setting.path("tls-cert", "FILE.pem", Group.SERVER, "certificate chain, for HTTPS");
    private static final Setting<Path> TLS_KEY =
            Setting.path("tls-key", "FILE.pem", Group.SERVER, "its private key, PKCS #8");
    private static final Setting<List<String>> ALLOWED_HOST = Setting.repeated(Setting.text(
            "allowed-host",
            "HOST",
            Group.SERVER,
            "another name that clients may ask by, beside localhost, --host and numbers; * for any",
            null));
    private static final Setting<Integer> MAX_BATCH =
            Setting.integer("max-batch", "N", Group.SERVER, "samples that run at once", 64, 1, 4096);
    private static final Setting<Integer> MAX_WAIT = Setting.integer(
            "max-wait-ms",
            "N",
            Group.SERVER,
            "how long a sample waits for others to run with; 0 takes what has come while the last batch ran",
            0,
            0,
            60_000);
    private static final Setting<Integer> QUEUE = Setting.integer(
            "queue",
            "N",
            Group.SERVER,
            "samples of all requests that are decoded, wait or run; what comes beyond is refused with 429",
            1024,
            1,
            1_000_000);
    private static final Setting<Integer> TIMEOUT =
            Setting.integer("timeout-s", "N", Group.SERVER, "the longest that a request may wait", 30, 1, 3600);
    private static final Setting<Integer> MAX_BODY =
            Setting.integer("max-body-mb", "N", Group.SERVER, "the largest body of a request, in MiB", 64, 1, 1024);
    private static final Setting<Integer> MAX_CONNECTIONS =
            Setting.integer("max-connections", "N", Group.SERVER, "connections at once", 1024, 1, 100_000);
    private static final Setting<Integer> DRAIN_DELAY = Setting.integer(
            "drain-delay-s", "N", Group.SERVER, "serve on for so long, unready, when told to end", 0, 0, 3600);
    private static final Setting<String> LOG =
            Setting.choice("log", List.of("text", "json"), Group.SERVER, "form of the log on standard error", "text");

    private static final List<Setting<?>> OPTIONS = List.of(
            INDEX,
            HOST,
            PORT,
            PORT_FILE,
            TOKEN_FILE,
            TLS_CERT,
            TLS_KEY,
            ALLOWED_HOST,
            MAX_BATCH,
            MAX_WAIT,
            QUEUE,
            TIMEOUT,
            MAX_BODY,
            MAX_CONNECTIONS,
            DRAIN_DELAY,
            LOG);

    static final Usage USAGE = new Usage(
            List.of(MODEL),
            Stream.of(
                            OPTIONS,
                            SharedSettings.EMBEDDING.stream()
                                    .filter(setting -> !setting.equals(SharedSettings.JSON))
                                    .toList())
                    .<Setting<?>>flatMap(List::stream)
                    .toList(),
            "./vicreg serve --model run/encoder.onnx --port 8080");

    private ServeCommand() {}

    static void run(Settings settings, Console console) throws Exception {
        boolean json = settings.get(LOG).equals("json");
        if (json) { // what a library says would be no JSON
            System.setProperty("org.slf4j.simpleLogger.log.org.eclipse.jetty", "off");
        }
        ServeConfig config = config(settings);
        Optional<Path> portFile = settings.find(PORT_FILE);
        if (portFile.isPresent()) {
            AtomicFile.requireWritable(portFile.get());
            Files.deleteIfExists(portFile.get()); // that of an earlier server
        }
        EventLog log = new EventLog(console.err(), json, settings.on(Usage.DEBUG));
        try (Console.Hold hold = console.hold();
                InferenceServer server = InferenceServer.start(config, log)) {
            hold.serves(server::reload);
            console.out().println(server.uri());
            if (portFile.isPresent()) {
                byte[] port = (server.port() + "\n").getBytes(StandardCharsets.US_ASCII);
                AtomicFile.write(portFile.get(), ByteBuffer.wrap(port));
            }
            while (!hold.isStopRequested()) {
                Thread.sleep(POLL_MILLIS);
            }
        } finally {
            if (portFile.isPresent()) {
                Files.deleteIfExists(portFile.get());
            }
        }
    }

    private static ServeConfig config(Settings settings) throws IOException {
        Optional<Path> certificate = settings.find(TLS_CERT);
        Optional<Path> key = settings.find(TLS_KEY);
        if (certificate.isPresent() != key.isPresent()) {
            throw new SettingException("--tls-cert and --tls-key belong together, found one of them");
        }
        ServeConfig.Tls tls =
                certificate.isPresent() ? new ServeConfig.Tls(certificate.get(), key.orElseThrow()) : null;
        Set<String> hosts = Set.copyOf(settings.find(ALLOWED_HOST).orElse(List.of()));
        return new ServeConfig(
                models(settings.get(MODEL), settings.find(INDEX).orElse(List.of())),
                SharedSettings.device(settings),
                settings.get(SharedSettings.THREADS),
                new ServeConfig.Address(settings.get(HOST), settings.get(PORT), tls),
                new ServeConfig.Access(token(settings.find(TOKEN_FILE)), hosts),
                new ServeConfig.Limits(
                        settings.get(MAX_BATCH),
                        Duration.ofMillis(settings.get(MAX_WAIT)),
                        settings.get(QUEUE),
                        Duration.ofSeconds(settings.get(TIMEOUT)),
                        (long) settings.get(MAX_BODY) << 20,
                        settings.get(MAX_CONNECTIONS),
                        Duration.ofSeconds(settings.get(DRAIN_DELAY))),
                Version.TEXT);
    }

    private static List<ServeConfig.Source> models(List<String> given, List<String> indexes) {
        List<ServeConfig.Source> models = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (String each : given) {
            int equals = each.indexOf('=');
            Path file = Path.of(each.substring(equals + 1));
            Path last = file.getFileName();
            String name = equals >= 0 || last == null
                    ? each.substring(0, Math.max(0, equals))
                    : last.toString().replaceFirst("\\.onnx$", "");
            if (!name.matches(ServeConfig.NAME)) {
                throw new SettingException(
                        "--model " + each + ": expected NAME=FILE.onnx, a name of letters, digits, dots,"
                                + " dashes and underscores, found the name '" + name + "'");
            }
            if (!names.add(name)) {
                throw new SettingException(
                        "--model names two models " + name + "; give one of them another name: NAME=FILE.onnx");
            }
            models.add(new ServeConfig.Source(name, file));
        }
        indexes.forEach(index -> addIndex(models, index));
        return models;
    }

    private static void addIndex(List<ServeConfig.Source> models, String given) {
        int equals = given.indexOf('=');
        String name = equals < 0 ? models.get(0).name() : given.substring(0, equals);
        List<String> names = models.stream().map(ServeConfig.Source::name).toList();
        int place = names.indexOf(name);
        if (place < 0 || (equals < 0 && models.size() > 1)) {
            throw new SettingException(
                    "--index " + given + ": expected NAME=FILE, the NAME one of " + String.join(", ", names));
        }
        if (models.get(place).index() != null) {
            throw new SettingException("--index names two indexes of " + name + ", expected one");
        }
        Path file = Path.of(given.substring(equals + 1));
        models.set(place, new ServeConfig.Source(name, models.get(place).file(), file));
    }

    private static @Nullable String token(Optional<Path> file) throws IOException {
        if (file.isEmpty()) {
            return null;
        }
        String token = Files.readString(file.get()).strip();
        if (!token.matches("[\\x21-\\x7e]{8,}")) {
            throw new IOException(file.get()
                    + ": expected a token of 8 characters or more on one line, of letters, digits and signs");
        }
        return token;
    }
}
