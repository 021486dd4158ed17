package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pages about a run of a few steps on files with hostile names: what they hold, and how they do in a browser. */
class ReportTest {
    private static final String HOSTILE_CLASS = "\"><img src=x onerror=hacked=1>";
    private static final String HOSTILE_FILE = "<!--<script>\u2028'&amp;${hacked=1}.png";
    private static final String AXE = "/META-INF/resources/webjars/axe-core/4.6.3/axe.min.js";
    private static final long MOST_BYTES = 3_000_000;

    @TempDir
    static Path shared;

    private static Path train;
    private static Path run;
    private static Optional<Browser> browser = Optional.empty();

    @TempDir
    Path folder;

    @BeforeAll
    static void trainOnce() throws Exception {
        Path pictures = shared.resolve("pictures");
        Cli.sample("pictures", pictures, 10, 1);
        train = pictures.resolve("train");
        Path hostile = train.resolve(HOSTILE_CLASS);
        Files.move(train.resolve("bricks"), hostile);
        try (Stream<Path> files = Files.list(hostile)) {
            Files.move(files.findFirst().orElseThrow(), hostile.resolve(HOSTILE_FILE));
        }
        run = shared.resolve("run");
        Cli done = train(run, "--steps", "4", "--tensorboard");
        assertEquals(0, done.status(), done.err());
        assertTrue(done.err().contains("report: " + run.resolve("report.html")), done.err());
        Optional<Path> program = Browser.installed();
        if (program.isPresent()) {
            browser = Optional.of(Browser.start(program.get(), shared.resolve("profile")));
        }
    }

    @AfterAll
    static void closeBrowser() throws Exception {
        if (browser.isPresent()) {
            browser.get().close();
        }
    }

    private static Cli train(Path out, String... more) {
        List<String> words = new ArrayList<>(List.of(
                "train", "--data", train.toString(), "--out", out.toString(), "--width", "4", "--projector", "16-16"));
        words.addAll(List.of("--batch-size", "32", "--threads", "1", "--workers", "1"));
        words.addAll(List.of(more));
        return Cli.run(words.toArray(new String[0]));
    }

    private static JsonNode content(Path page) throws IOException {
        String html = Files.readString(page);
        String start = "<script type=\"application/json\" id=\"content\">";
        int from = html.indexOf(start) + start.length();
        return new ObjectMapper().readTree(html.substring(from, html.indexOf("</script>", from)));
    }

    private Browser open(Path page, int width, String scheme) throws Exception {
        assumeTrue(browser.isPresent(), "no Chromium is installed");
        browser.get().complaints.clear();
        browser.get().open(page.toUri().toString(), width, scheme);
        return browser.get();
    }

    @Test
    void everyRunHasAPageWithAllThatItIsAbout() throws IOException {
        Path page = run.resolve("report.html");
        assertTrue(Files.size(page) < MOST_BYTES);
        JsonNode json = content(page);
        assertEquals(
                "./vicreg train --data " + train + " --out " + run
                        + " --width 4 --projector 16-16 --batch-size 32 --steps 4 --threads 1 --workers 1",
                json.path("runs").path(0).path("command").asText());
        assertEquals(4, json.path("runs").path(0).path("curves").path("steps").size());
        assertTrue(json.path("runs").path(0).path("layers").size() > 10);
        assertTrue(json.path("runs").path(0).path("machine").toString().contains("\"java\""));
        assertEquals(6, json.path("views").path("views").size());
        assertEquals(2, json.path("views").path("views").path(0).size());
        JsonNode samples = json.path("samples");
        assertEquals(100, samples.path("names").size());
        assertEquals(3, samples.path("spaces").size());
        assertEquals(10, samples.path("spaces").path(0).path("neighbours").size());
        assertTrue(samples.path("classes").toString().contains("onerror"), "names are as they are");
    }

    @Test
    void pagesOfSeveralRunsTellWhereTheyDiffer() throws Exception {
        Path other = folder.resolve("other");
        assertEquals(
                0,
                train(other, "--steps", "3", "--variance", "0", "--seed", "1").status());
        Path page = folder.resolve("both.html");
        Cli done = Cli.run("report", run.toString(), other.toString(), "--out", page.toString());
        assertEquals(page + System.lineSeparator(), done.out(), done.err());
        assertEquals(2, content(page).path("runs").size());
        Browser shown = open(page, 1280, "light");
        assertEquals(
                "seed steps variance",
                shown.run("[...document.querySelectorAll('#settings tbody th')].map(cell => cell.textContent)"
                                + ".sort().join(' ')")
                        .asText());
        assertEquals(List.of(), shown.complaints);
    }

    @Test
    void samplesThatAreGoneLeaveANote() throws IOException {
        Path page = folder.resolve("page.html");
        Cli done = Cli.run("report", run.toString(), "--out", page.toString(), "--data", "nowhere");
        assertEquals(0, done.status(), done.err());
        assertTrue(content(page).path("notes").toString().contains("No samples are shown: "), page.toString());
        assertTrue(content(page).path("samples").isMissingNode());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "report                         | 2 | name the folder of a run",
                "report RUN RUN --out x.html    | 2 | is named twice",
                "report RUN . --out x.pdf       | 2 | --out must end in .html",
                "report RUN .                   | 2 | add --out FILE.html",
                "report .                       | 1 | is no run",
                "metrics RUN                    | 2 | name one of --csv and --tensorboard",
                "metrics . --csv                | 1 | is no run",
                "metrics --csv                  | 2 | --run is missing",
                "train --live 70000 --data x --out y | 2 | --live must be from 0 to 65535"
            })
    void wrongUsesAreRefusedInALine(String words, int status, String message) {
        Cli done = Cli.run(words.replace("RUN", run.toString()).split(" "));
        assertEquals(status, done.status(), done.err());
        assertTrue(done.errorLine().contains(message), done.err());
    }

    @Test
    void metricsAreATableForSpreadsheets() throws IOException {
        Cli done = Cli.run("metrics", run.toString(), "--csv");
        assertEquals(0, done.status(), done.err());
        try (var rows = CSVFormat.DEFAULT
                .builder()
                .setHeader()
                .setSkipHeaderRecord(true)
                .get()
                .parse(new java.io.StringReader(done.out()))) {
            List<CSVRecord> records = rows.getRecords();
            assertEquals(4, records.size());
            assertEquals("4", records.get(3).get("step"));
            assertTrue(Double.parseDouble(records.get(3).get("loss")) > 0);
        }
    }

    @Test
    void trainingAndMetricsWriteFilesForTensorBoard() throws IOException {
        Path later = folder.resolve("events");
        assertEquals(
                0,
                Cli.run("metrics", run.toString(), "--tensorboard", later.toString())
                        .status());
        for (Path events : List.of(run.resolve("tensorboard"), later)) {
            try (Stream<Path> files = Files.list(events)) {
                String text = Files.readString(files.findFirst().orElseThrow(), StandardCharsets.ISO_8859_1);
                assertEquals(4, text.split("train/invariance", -1).length - 1, events.toString());
            }
        }
    }

    /** Of the wide page in light colours the contrast alone, since all else is as in the narrow one. */
    @ParameterizedTest
    @CsvSource({"390,dark,", "1280,light,color-contrast"})
    void thePageIsAccessibleAndLoadsNothing(int width, String scheme, String rule) throws Exception {
        Path page = folder.resolve("page.html"); // of few samples: checks take seconds
        Cli done = Cli.run("report", run.toString(), "--out", page.toString(), "--samples", "12");
        assertEquals(0, done.status(), done.err());
        Browser shown = open(page, width, scheme);
        try (InputStream axe = ReportTest.class.getResourceAsStream(AXE)) {
            shown.run(new String(axe.readAllBytes(), StandardCharsets.UTF_8) + "; 0");
        }
        layOutByUmap(shown);
        shown.run("document.querySelector('#map progress').hidden = false"); // as it is meanwhile
        String rules = rule == null ? "{}" : "{runOnly: ['" + rule + "']}";
        JsonNode violations =
                shown.run("axe.run(" + rules + ").then(found => found.violations.map(each => each.id + ': ' +"
                        + " each.nodes.map(node => node.html.slice(0, 200)).slice(0, 3)))");
        assertEquals("[]", violations.toString());
        assertTrue(shown.run("document.documentElement.scrollWidth").asInt() <= width, "wider than the window");
        assertEquals(scheme, shown.run("document.documentElement.dataset.theme").asText());
        assertEquals(List.of(), shown.complaints);
        shown.screenshot(Path.of("target", "report-" + width + "-" + scheme + ".png"));
    }

    @Test
    void hostileNamesAreShownAndNotObeyed() throws Exception {
        Browser shown = open(run.resolve("report.html"), 1280, "light");
        assertEquals("undefined", shown.run("typeof hacked").asText());
        assertTrue(shown.run("document.body.innerText").asText().contains(HOSTILE_CLASS));
        assertEquals(0, shown.run("document.querySelectorAll('img').length").asInt());
        assertTrue(content(run.resolve("report.html"))
                .path("samples")
                .path("names")
                .toString()
                .contains("<!--<script>"));
    }

    @Test
    void mouseAndKeysReadAndZoomCurves() throws Exception {
        Browser shown = open(run.resolve("report.html"), 1280, "light");
        JsonNode box = shown.run("(() => { const b = document.querySelector('.u-over').getBoundingClientRect();"
                + " return {x: b.x + b.width / 2, y: b.y + b.height / 2} })()");
        String readout = "document.querySelector('#curves .readout').textContent";
        assertTrue(shown.run(readout).asText().contains("→"));
        shown.hover(box.path("x").asDouble(), box.path("y").asDouble());
        assertTrue(
                shown.run(readout).asText().matches("step [23]: .*"),
                shown.run(readout).asText());
        shown.run("document.querySelector('#curves .plot').focus()");
        shown.press("Home");
        assertTrue(
                shown.run(readout).asText().startsWith("step 1: "),
                shown.run(readout).asText());
        shown.press("ArrowRight");
        assertTrue(
                shown.run(readout).asText().startsWith("step 2: "),
                shown.run(readout).asText());
        String ticks = "document.querySelector('#curves .plot').getAttribute('aria-label')";
        assertTrue(
                shown.run(ticks).asText().startsWith("loss by step: "),
                shown.run(ticks).asText());
        shown.run("document.querySelector('#curves input[type=checkbox]').click()"); // logarithmic
        assertEquals(List.of(), shown.complaints);
    }

    @Test
    void theMapShowsTheSampleUnderTheMouse() throws Exception {
        Browser shown = open(run.resolve("report.html"), 1280, "light");
        JsonNode dot = shown.run("(() => { const dot = document.querySelectorAll('.map circle')[7];"
                + " dot.scrollIntoView({block: 'center'}); const b = dot.getBoundingClientRect();"
                + " return {x: b.x + b.width / 2, y: b.y + b.height / 2} })()");
        shown.hover(dot.path("x").asDouble(), dot.path("y").asDouble());
        assertFalse(shown.run("document.querySelector('.map .card').hidden").asBoolean());
        assertTrue(shown.run("document.querySelector('.map .card').textContent")
                .asText()
                .contains(".png"));
        shown.run("document.querySelector('#map .group button:nth-child(2)').click()");
        assertEquals(
                "before training",
                shown.run("document.querySelector('#neighbours [aria-pressed=true]').textContent")
                        .asText());
    }

    private static final String POINTS =
            "[...document.querySelectorAll('.map circle')].map(dot => [+dot.getAttribute('cx'), +dot.getAttribute('cy')])";

    /** Presses the button, and waits until the map is there. */
    private static void layOutByUmap(Browser shown) throws Exception {
        shown.run("[...document.querySelectorAll('#map button')].find(each => each.textContent === 'UMAP').click()");
        shown.run("(async () => { const progress = document.querySelector('#map progress');"
                + " while (!progress.hidden) await new Promise(resolve => setTimeout(resolve)) })()");
    }

    /** Distance of samples from their nearest ones in the map, by the mean distance of all. */
    private static double closeness(JsonNode points, JsonNode near) {
        double nearest = 0;
        double all = 0;
        for (int i = 0; i < points.size(); i++) {
            nearest += distance(points, i, near.path(i).path(0).path(0).asInt()) / points.size();
            for (int j = 0; j < points.size(); j++) {
                all += distance(points, i, j) / points.size() / points.size();
            }
        }
        return nearest / all;
    }

    private static double distance(JsonNode points, int i, int j) {
        return Math.hypot(
                points.path(i).path(0).asDouble() - points.path(j).path(0).asDouble(),
                points.path(i).path(1).asDouble() - points.path(j).path(1).asDouble());
    }

    @Test
    void umapBringsWhatIsNearTogetherAndAlwaysAlike() throws Exception {
        Browser shown = open(run.resolve("report.html"), 1280, "light");
        JsonNode space = content(run.resolve("report.html"))
                .path("samples")
                .path("spaces")
                .path(0);
        JsonNode components = shown.run(POINTS);
        layOutByUmap(shown);
        JsonNode umap = shown.run(POINTS);
        assertEquals(100, umap.size());
        assertTrue(
                closeness(umap, space.path("near")) < closeness(components, space.path("near")),
                () -> "umap " + closeness(umap, space.path("near")) + ", components "
                        + closeness(components, space.path("near")));
        shown.run("document.querySelector('#map').scrollIntoView()");
        shown.screenshot(Path.of("target", "report-umap.png"));
        shown.run("document.querySelector('.map').focus()");
        shown.press("ArrowRight");
        assertTrue(shown.run("document.querySelector('#map .readout').textContent")
                .asText()
                .contains(".png"));
        shown.run(
                "[...document.querySelectorAll('#map button')].find(each => each.textContent.includes('comp')).click()");
        assertEquals(components, shown.run(POINTS));
        Browser again = open(run.resolve("report.html"), 1280, "light");
        layOutByUmap(again);
        assertEquals(umap, again.run(POINTS));
        assertEquals(List.of(), again.complaints);
    }

    /** With fewer samples than UMAP asks for neighbours. */
    @Test
    void umapOfAFewSamplesIsDrawnToo() throws Exception {
        Path page = folder.resolve("page.html");
        assertEquals(
                0,
                Cli.run("report", run.toString(), "--out", page.toString(), "--samples", "4")
                        .status());
        Browser shown = open(page, 1280, "light");
        layOutByUmap(shown);
        assertTrue(
                shown.run("document.querySelector('#map').textContent").asText().contains("Laid out by UMAP"));
        assertEquals(4, shown.run(POINTS).size());
        assertEquals(List.of(), shown.complaints);
    }

    @Test
    void aLivePageGrowsAndItsButtonStopsTheRunWithAllSaved() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Path out = folder.resolve("run");
        CompletableFuture<Cli> training = CompletableFuture.supplyAsync(
                () -> train(out, "--steps", "100000", "--warmup-epochs", "0", "--live", Integer.toString(port)));
        URI page = URI.create("http://127.0.0.1:" + port + "/");
        HttpClient http = HttpClient.newHttpClient();
        JsonNode data = null;
        while (data == null
                || data.path("runs").path(0).path("curves").path("steps").size() < 2) {
            assertFalse(training.isDone(), () -> training.join().err());
            data = answer(http, page.resolve("data.json"));
        }
        assertEquals(6, data.path("views").path("views").size());
        HttpRequest stop = HttpRequest.newBuilder(page.resolve("stop"))
                .header("X-Vicreg-Token", data.path("token").asText())
                .POST(HttpRequest.BodyPublishers.noBody())
                .build();
        assertEquals(200, http.send(stop, HttpResponse.BodyHandlers.ofString()).statusCode());
        Cli done = training.get(60, TimeUnit.SECONDS);
        assertTrue(done.err().contains("stopped and saved at step "), done.err());
        assertTrue(content(out.resolve("report.html")).path("notes").toString().contains("stopped"), done.err());
    }

    /** Null while the run is being prepared. */
    private static JsonNode answer(HttpClient http, URI uri) throws Exception {
        try {
            HttpResponse<String> answer =
                    http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
            return answer.statusCode() == 200 ? new ObjectMapper().readTree(answer.body()) : null;
        } catch (java.net.ConnectException e) {
            return null;
        }
    }
}
