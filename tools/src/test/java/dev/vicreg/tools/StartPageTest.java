package dev.vicreg.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.serve.EventLog;
import dev.vicreg.serve.InferenceServer;
import dev.vicreg.serve.ServeConfig;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The server's page, in a headless Chromium. */
@Timeout(180) // seconds: what is waited for may never come
class StartPageTest {
    private static final String AXE = "/META-INF/resources/webjars/axe-core/4.6.3/axe.min.js";
    private static final String TOKEN = "s3cret-token";

    /** Waits in the page until an expression holds. */
    private static final String WHEN =
            "new Promise(done => { const look = () => (%s) ? done(true)" + " : setTimeout(look, 20); look(); })";

    /** Chooses the small picture of a sample as the file, as a user does. */
    private static final String CHOOSE = "(async () => { const picture = await (await ask('search/encoder/pictures/3'))"
            + ".blob(); const chosen = new DataTransfer();"
            + " chosen.items.add(new File([picture], 'a.jpg', {type: 'image/jpeg'}));"
            + " at('file').files = chosen.files; at('file').dispatchEvent(new Event('change')); return 0; })()";

    @TempDir
    static Path folder;

    private static @Nullable Browser browser;
    private static Path model;
    private static Path index;

    @BeforeAll
    static void make() throws Exception {
        assumeTrue(Browser.installed().isPresent(), "no Chromium here");
        Path pictures = folder.resolve("pictures");
        Cli.sample("pictures", pictures, 4, 1);
        Cli trained = Cli.run(("train --data " + pictures + "/train --out " + folder
                        + "/run --width 4 --projector 16-16" + " --batch-size 16 --steps 1 --threads 1 --workers 1")
                .split(" ", -1));
        assertEquals(0, trained.status(), trained.err());
        model = folder.resolve("run/encoder.onnx");
        index = folder.resolve("pictures.index");
        Cli indexed =
                Cli.run(("index --model " + model + " --data " + pictures + "/train --out " + index + " --thumbnails")
                        .split(" ", -1));
        assertEquals(0, indexed.status(), indexed.err());
        browser = Browser.start(Browser.installed().orElseThrow(), Files.createDirectory(folder.resolve("profile")));
    }

    @AfterAll
    static void end() throws Exception {
        if (browser != null) {
            browser.close();
        }
    }

    private static InferenceServer serve(@Nullable String token) throws Exception {
        ServeConfig config = new ServeConfig(
                List.of(new ServeConfig.Source("encoder", model, index)),
                Device.CPU,
                1,
                new ServeConfig.Address("127.0.0.1", 0, null),
                new ServeConfig.Access(token, Set.of()),
                ServeConfig.Limits.DEFAULT,
                "test");
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
        return InferenceServer.start(config, new EventLog(nowhere, false, false));
    }

    @ParameterizedTest
    @CsvSource({"390,dark", "1280,light"})
    void chosenPictureShowsItsNeighboursAccessibly(int width, String scheme) throws Exception {
        try (InferenceServer server = serve(null)) {
            browser.complaints.clear();
            browser.open(server.uri() + "/", width, scheme);
            browser.run(WHEN.formatted("at('about').children.length === 4"));
            browser.run(CHOOSE);
            browser.run(WHEN.formatted("at('results').children.length === 12"));
            JsonNode first = browser.run("at('results').children[0].textContent");
            assertTrue(first.asText().matches("(1.000|0.9\\d\\d) .+\\.png"), first.asText());
            assertEquals(
                    13,
                    browser.run("[...document.images].filter(each => each.naturalWidth > 0).length")
                            .asInt());
            assertEquals("nearest", browser.run("document.activeElement.id").asText(), "what was found is read next");
            assertEquals(
                    "12 nearest, of all.",
                    browser.run("at('status').textContent").asText());
            String about = browser.run("at('about').textContent").asText();
            assertTrue(about.contains("40 samples, searched exactly"), about);
            browser.run(WHEN.formatted("Number(at('requests').textContent) > 0 && at('pace').textContent !== '–'"));
            try (InputStream axe = StartPageTest.class.getResourceAsStream(AXE)) {
                browser.run(new String(axe.readAllBytes(), StandardCharsets.UTF_8) + "; 0");
            }
            JsonNode violations = browser.run("axe.run({}).then(found => found.violations.map(each => each.id + ': ' +"
                    + " each.nodes.map(node => node.html.slice(0, 200)).slice(0, 3)))");
            assertEquals("[]", violations.toString());
            assertTrue(browser.run("document.documentElement.scrollWidth").asInt() <= width, "wider than the window");
            browser.screenshot(Path.of("target", "start-" + width + "-" + scheme + ".png"));
            String drawn = "document.querySelectorAll('#map circle%s').length";
            assertEquals(40, browser.run(drawn.formatted("")).asInt());
            assertEquals(12, browser.run(drawn.formatted(".near")).asInt());
            assertEquals(
                    "13 1 10",
                    browser.run("[document.images.length, document.querySelectorAll('#map .query').length,"
                                    + " at('folders').children.length].join(' ')")
                            .asText());
            String lies = browser.run("at('lies').textContent").asText();
            assertTrue(lies.matches("The diamond is .*; circled are the 12 nearest: \\d+ in .*\\."), lies);
            browser.run("at('mapped').scrollIntoView(); 0");
            browser.screenshot(Path.of("target", "map-" + width + "-" + scheme + ".png"));
            assertEquals(List.of(), browser.complaints);
        }
    }

    @Test
    void keysReachEverythingAndBadFilesAreTold() throws Exception {
        try (InferenceServer server = serve(null)) {
            browser.open(server.uri() + "/", 800, "light");
            browser.run(WHEN.formatted("at('about').children.length === 4"));
            for (String id : List.of("model", "file")) {
                browser.run("at('" + id + "').focus()");
                assertEquals(id, browser.run("document.activeElement.id").asText());
            }
            browser.run("file(new File(['no picture'], 'a.png', {type: 'image/png'}))");
            browser.run(WHEN.formatted("at('status').classList.contains('bad')"));
            String told = browser.run("at('status').textContent").asText();
            assertTrue(told.startsWith("cannot decode picture in the body"), told);
            browser.complaints.clear(); // the browser's own line about status 400
        }
    }

    @Test
    void mapTellsWhatAPointIsByMouseAndByKeys() throws Exception {
        try (InferenceServer server = serve(null)) {
            browser.complaints.clear();
            browser.open(server.uri() + "/", 800, "light");
            browser.run(WHEN.formatted("dots.length === 40"));
            String told = browser.run("at('plane').textContent").asText();
            assertTrue(told.matches("40 samples in the plane .* It holds \\d+ % of the variance\\."), told);
            browser.run("at('map').scrollIntoView(); 0");
            JsonNode place = browser.run(
                    "(box => [box.left + dots[7].x, box.top + dots[7].y])" + "(at('map').getBoundingClientRect())");
            browser.hover(place.get(0).asDouble(), place.get(1).asDouble());
            browser.run(WHEN.formatted("at('pointed').textContent !== ''"));
            assertTrue(browser.run(
                            "at('pointed').textContent === dots[pointed].path && Math.hypot(dots[pointed].x - dots[7].x,"
                                    + " dots[pointed].y - dots[7].y) < 1")
                    .asBoolean());
            browser.run("at('map').dispatchEvent(new PointerEvent('pointerleave')); at('map').focus()");
            assertEquals("", browser.run("at('pointed').textContent").asText());
            browser.press("ArrowLeft"); // to the last one, from where there is none
            double from = browser.run("dots[pointed].x").asDouble();
            browser.press("ArrowLeft");
            browser.press("ArrowRight");
            browser.press("ArrowLeft");
            assertTrue(browser.run("dots[pointed].x").asDouble() <= from, "to the left");
            browser.press("Enter");
            browser.run(WHEN.formatted("document.querySelector('#picked img')?.naturalWidth > 0"));
            assertEquals(browser.run("dots[pointed].path"), browser.run("at('picked').textContent"), "what is shown");
            browser.press("Escape");
            assertEquals(-1, browser.run("pointed").asInt());
            assertEquals(List.of(), browser.complaints);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"new DragEvent('drop', {dataTransfer: t})", "new ClipboardEvent('paste', {clipboardData: t})"})
    void filesAreDroppedAndPasted(String event) throws Exception {
        try (InferenceServer server = serve(null)) {
            browser.open(server.uri() + "/", 800, "light");
            browser.run(WHEN.formatted("at('about').children.length === 4"));
            browser.run("(async () => { const picture = await (await ask('search/encoder/pictures/3')).blob();"
                    + " const t = new DataTransfer(); t.items.add(new File([picture], 'a.jpg', {type: 'image/jpeg'}));"
                    + " dispatchEvent(" + event + "); return 0; })()");
            browser.run(WHEN.formatted("at('results').children.length === 12"));
        }
    }

    @Test
    void tokenIsAskedForWhereThereIsOne() throws Exception {
        try (InferenceServer server = serve(TOKEN)) {
            browser.open(server.uri() + "/", 800, "light");
            browser.run(WHEN.formatted("!at('access').hidden"));
            browser.run("at('token').value = '" + TOKEN + "'; at('access').requestSubmit(); 0");
            browser.run(WHEN.formatted("at('about').children.length === 4 && at('access').hidden"));
            browser.run(CHOOSE);
            browser.run(WHEN.formatted("at('results').children.length === 12"));
            browser.complaints.clear(); // the browser's own lines about status 401
        }
    }
}
