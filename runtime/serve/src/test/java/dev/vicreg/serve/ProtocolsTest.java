package dev.vicreg.serve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.picture.Picture;
import java.awt.Color;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What each protocol gives for a good request, and says of a bad one, with a model of every kind. */
class ProtocolsTest {
    private static final String INFER = "/v2/models/colour/infer";
    private static final int ROW = ServedFiles.SIZE * ServedFiles.SIZE * 3;

    @TempDir
    static Path folder;

    private static Served served;
    private static byte[] red;
    private static float[] ofRed;

    @BeforeAll
    static void serve() throws IOException {
        Path colour = ServedFiles.colour(folder.resolve("colour.onnx"), 1);
        served = new Served(Served.config(
                colour,
                ServedFiles.logarithm(folder.resolve("log.onnx")),
                ServedFiles.classifier(folder.resolve("kinds.onnx")),
                ServedFiles.signal(folder.resolve("tone.onnx")),
                ServedFiles.text(folder.resolve("text.onnx"))));
        red = ServedFiles.png(40, 20, new Color(200, 100, 50));
        try (EmbeddingModel model = EmbeddingModel.load(colour, Device.CPU, 1)) {
            ofRed = model.embed(red);
        }
    }

    @AfterAll
    static void end() {
        served.close();
    }

    private static float[] floats(JsonElement array) {
        return new Gson().fromJson(array, float[].class);
    }

    private static float[][] embeddings(Served.Answer answer) {
        assertEquals(200, answer.status(), answer.text());
        return new Gson().fromJson(answer.json().get("embeddings"), float[][].class);
    }

    private static byte[] form(byte[]... files) {
        StringBuilder body = new StringBuilder();
        for (byte[] file : files) {
            body.append("--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f.png\"\r\n\r\n")
                    .append(new String(file, StandardCharsets.ISO_8859_1))
                    .append("\r\n");
        }
        return body.append("--x--\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    @Test
    void filesGiveTheVectorsThatTheLibraryGives() {
        float[][] one = embeddings(served.post("/embed?model=colour", "image/png", red));
        assertArrayEquals(ofRed, one[0], 1e-5f);
        float[][] two =
                embeddings(served.post("/embed?model=colour", "multipart/form-data; boundary=x", form(red, red)));
        assertEquals(2, two.length);
        assertArrayEquals(ofRed, two[1], 1e-5f);
        String base64 = Base64.getEncoder().encodeToString(red);
        float[][] strings = embeddings(
                served.json("/embed?model=colour", "{\"inputs\":[\"" + base64 + "\",{\"image\":\"" + base64 + "\"}]}"));
        assertArrayEquals(ofRed, strings[1], 1e-5f);
    }

    @Test
    void picturesAreSmallBeforeTheyQueueAlsoWhereTheModelCouldResizeThem() throws IOException {
        Path count = ServedFiles.anySize(folder.resolve("count.onnx"));
        try (Served alone = new Served(Served.config(count));
                EmbeddingModel model = EmbeddingModel.load(count, Device.CPU, 1)) {
            assertArrayEquals(new float[] {192, 192}, embeddings(alone.post("/embed", "image/png", red))[0]);
            assertArrayEquals(new float[] {40 * 20 * 3, 40 * 20 * 3}, model.embed(red));
        }
    }

    @Test
    void picturesOfOneSizeRunTogetherWhereTheModelCouldResizeThem() throws IOException {
        Path count = ServedFiles.anySize(folder.resolve("together.onnx"));
        ServeConfig.Limits usual = ServeConfig.Limits.DEFAULT;
        ServeConfig.Limits pairs = new ServeConfig.Limits(
                2, // a batch is run as soon as it has both
                Duration.ofMinutes(1),
                usual.queue(),
                usual.timeout(),
                usual.body(),
                usual.connections(),
                usual.drainDelay());
        try (Served alone = new Served(Served.config(pairs, Served.ANYBODY, count));
                EmbeddingModel model = EmbeddingModel.load(count, Device.CPU, 1)) {
            Served.Answer two = alone.post("/embed", "multipart/form-data; boundary=x", form(red, red));
            assertArrayEquals(new float[] {192, 2 * 192}, embeddings(two)[1]);
            Picture small = new Picture(2, 1, new byte[6]);
            Picture large = new Picture(1, 3, new byte[9]);
            assertArrayEquals(
                    new float[][] {{6, 12}, {6, 12}, {9, 9}, {6, 6}},
                    model.embedPictures(List.of(small, small, large, small)));
        }
    }

    @Test
    void otherKindsOfDataComeAsTheyAre() throws IOException {
        assertArrayEquals(
                new float[][] {{0, (float) Math.log(2), 1}, {0, 0, 0}},
                embeddings(served.json("/embed?model=log", "{\"inputs\":[[1,2,2.7182817],[1,1,1]]}")));
        assertArrayEquals(
                new float[] {'H' + 3, 'i' + 3, 1, 0, 0, 0},
                embeddings(served.json("/embed?model=text", "{\"inputs\":\"Hi\"}"))[0]);
        assertArrayEquals(
                new float[] {'H' + 3, 'i' + 3, 1, 0, 0, 0},
                embeddings(served.post(
                        "/embed?model=text", "text/plain; charset=utf-8", "Hi\n".getBytes(StandardCharsets.UTF_8)))[0]);
        byte[] wav = wav((short) 16384, (short) -16384, (short) 0, (short) 8192);
        float[] tone = {0.5f, -0.5f, 0, 0.25f};
        assertArrayEquals(tone, embeddings(served.post("/embed?model=tone", "audio/wav", wav))[0], 1e-4f);
        String uri = "data:audio/wav;base64," + Base64.getEncoder().encodeToString(wav);
        assertArrayEquals(
                tone, embeddings(served.json("/embed?model=tone", "{\"inputs\":[\"" + uri + "\"]}"))[0], 1e-4f);
    }

    private static byte[] wav(short... samples) {
        ByteBuffer file = ByteBuffer.allocate(44 + 2 * samples.length).order(ByteOrder.LITTLE_ENDIAN);
        file.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(36 + 2 * samples.length);
        file.put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII)).putInt(16).putShort((short) 1);
        file.putShort((short) 1).putInt(8000).putInt(16000).putShort((short) 2).putShort((short) 16);
        file.put("data".getBytes(StandardCharsets.US_ASCII)).putInt(2 * samples.length);
        for (short sample : samples) {
            file.putShort(sample);
        }
        return file.array();
    }

    @Test
    void classesComeByProbability() {
        Served.Answer answer =
                served.json("/classify?top=2", "{\"inputs\":[[0," + Math.log(2) + "," + Math.log(5) + "]]}");
        assertEquals(200, answer.status(), answer.text());
        JsonObject found =
                answer.json().getAsJsonArray("classifications").get(0).getAsJsonObject();
        assertEquals("cat", found.get("label").getAsString());
        assertEquals(5 / 8.0, found.get("probability").getAsDouble(), 1e-6);
        assertEquals(2, found.getAsJsonArray("top").size());
        assertEquals(
                "model colour is an encoder, which knows no classes",
                served.post("/classify?model=colour", "image/png", red).error());
        assertEquals(
                400, served.json("/classify?top=0", "{\"inputs\":[[0,0,0]]}").status());
    }

    @Test
    void inferenceProtocolDescribesServerAndModels() {
        assertEquals(served.get("/v2").text(), served.get("/v2/").text());
        assertTrue(served.get("/v2")
                .json()
                .getAsJsonArray("extensions")
                .contains(JsonParser.parseString("\"binary_tensor_data\"")));
        assertEquals(
                JsonParser.parseString("{'name':'kinds','platform':'onnxruntime_onnx','inputs':[{'name':'vector',"
                        + "'datatype':'FP32','shape':[-1,3]}],'outputs':[{'name':'embedding','datatype':'FP32',"
                        + "'shape':[-1,3]},{'name':'probabilities','datatype':'FP32','shape':[-1,3]}]}"),
                served.get("/v2/models/kinds").json());
        assertEquals(
                served.get("/v2/models/kinds").text(),
                served.get("/v2/models/kinds/versions/1").text());
        assertEquals(
                "TYPE_UINT8",
                served.get("/v2/models/colour/config")
                        .json()
                        .getAsJsonArray("input")
                        .get(0)
                        .getAsJsonObject()
                        .get("data_type")
                        .getAsString());
        assertEquals(
                "{\"name\":\"log\",\"ready\":true}",
                served.get("/v2/models/log/ready").text());
        for (String probe : List.of("/healthz", "/v2/health/live", "/v2/health/ready")) {
            assertEquals(200, served.get(probe).status());
        }
        assertEquals(404, served.get("/v2/models/none").status());
    }

    @Test
    void inferenceInJsonTakesFlatAndNestedData() {
        String flat = "{\"id\":\"7\",\"inputs\":[{\"data\":[1,2,4,1,1,1],\"name\":\"vector\",\"shape\":[2,3],"
                + "\"datatype\":\"FP32\"}]}";
        Served.Answer answer = served.json("/v2/models/kinds/infer", flat);
        assertEquals(200, answer.status(), answer.text());
        assertEquals("7", answer.json().get("id").getAsString());
        JsonArray outputs = answer.json().getAsJsonArray("outputs");
        assertEquals(2, outputs.size());
        assertArrayEquals(
                new float[] {1, 2, 4, 1, 1, 1},
                floats(outputs.get(0).getAsJsonObject().get("data")));
        Served.Answer nested = served.json(
                "/v2/models/kinds/infer",
                flat.replace("[1,2,4,1,1,1]", "[[1,2,4],[1,1,1]]")
                        .replace("\"id\":\"7\",", "\"outputs\":[{\"name\":" + "\"probabilities\"}],"));
        assertEquals(1, nested.json().getAsJsonArray("outputs").size());
        assertFalse(nested.json().has("id"));
    }

    @Test
    void binaryTensorsGoBothWays() {
        byte[] picture = new byte[2 * ROW];
        Arrays.fill(picture, 0, ROW, (byte) 255);
        String json = "{\"inputs\":[{\"name\":\"image\",\"shape\":[2,8,8,3],\"datatype\":\"UINT8\",\"parameters\":"
                + "{\"binary_data_size\":" + 2 * ROW + "}}],\"outputs\":[{\"name\":\"embedding\",\"parameters\":"
                + "{\"binary_data\":true}}]}";
        byte[] head = json.getBytes(StandardCharsets.UTF_8);
        byte[] body = Arrays.copyOf(head, head.length + picture.length);
        System.arraycopy(picture, 0, body, head.length, picture.length);
        Served.Answer answer =
                served.post(INFER, "application/octet-stream", body, InferRequest.JSON_LENGTH, "" + head.length);
        assertArrayEquals(new float[] {1, 1, 1, 0, 0, 0}, tensor(answer), 1e-6f);
        Served.Answer raw = served.post(INFER, "application/octet-stream", picture, InferRequest.JSON_LENGTH, "0");
        assertArrayEquals(new float[] {1, 1, 1, 0, 0, 0}, tensor(raw), 1e-6f);
    }

    private static float[] tensor(Served.Answer answer) {
        assertEquals(200, answer.status(), answer.text());
        int json = Integer.parseInt(answer.header(InferRequest.JSON_LENGTH));
        assertEquals("application/octet-stream", answer.header("Content-Type"));
        String head = new String(answer.body(), 0, json, StandardCharsets.UTF_8);
        assertTrue(head.contains("\"binary_data_size\":24"), head);
        float[] values = new float[(answer.body().length - json) / Float.BYTES];
        ByteBuffer.wrap(answer.body(), json, values.length * Float.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(values);
        return values;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            [3]      | FP32  | [1,2,3]       | input 'vector' has the shape [3], expected [N, 3] of one sample or more
            [1,3]    | FP64  | [1,2,3]       | input 'vector' is FP32, found another datatype
            [2,3]    | FP32  | [1,2,3]       | needs 6 numbers
            [3,3]    | FP32  | [[1,2,3,1,2],[3,1,2,3]] | different lengths
            [1,3]    | FP32  | [1,[2,3]]     | side by side
            [1,3]    | FP32  | [1,2,1e300]   | beyond its range
            [1,3]    | FP32  | [1,2,NaN]     | not valid
            [1,3]    | FP32  | ["1",2,3]     | expected a number
            [4294967297,3] | FP32 | [1,2,3]  | expected at most 1024
            [6148914691236517206,3] | FP32 | [1,2] | expected at most 1024
            [-1,3]   | FP32  | [1,2,3]       | expected [N, 3] of one sample or more
            [1.0,3]  | FP32  | [1,2,3]       | expected a whole number
            """)
    void tensorsThatDoNotFitAreRefused(String shape, String type, String data, String says) {
        String body = "{\"inputs\":[{\"name\":\"vector\",\"shape\":" + shape + ",\"datatype\":\"" + type
                + "\",\"data\":" + data + "}]}";
        Served.Answer answer = served.json("/v2/models/kinds/infer", body);
        assertEquals(says.contains("at most") ? 413 : 400, answer.status(), answer.text());
        assertTrue(answer.error().contains(says), answer.error());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[]",
                "{\"inputs\":[]} 1",
                "{\"inputs\":[{}],\"inputs\":[{}]}",
                "{\"inputs\":1}",
                "{\"inputs\":[{\"name\":\"image\",\"shape\":[1,8,8,3],\"datatype\":\"UINT8\",\"data\":[256]}]}",
                "{\"outputs\":[{\"name\":\"x\"}]}",
                "\"\\ud800",
                "{'inputs':[]}"
            })
    void jsonThatIsNoRequestIsRefusedInOneLine(String body) {
        Served.Answer answer = served.json(INFER, body);
        assertEquals(400, answer.status(), answer.text());
        assertEquals(1, answer.error().lines().count());
        assertFalse(answer.error().matches(".*(Exception|gson|Reader|java\\.).*"), answer.error());
    }

    @Test
    void wrongLengthsOfBinaryTensorsAreRefused() {
        for (String length : List.of("-1", "x", "99999999999", "400")) {
            Served.Answer answer =
                    served.post(INFER, "application/octet-stream", new byte[ROW], InferRequest.JSON_LENGTH, length);
            assertEquals(400, answer.status(), length + ": " + answer.text());
        }
        assertEquals(
                400,
                served.post(INFER, "application/octet-stream", new byte[ROW + 1], InferRequest.JSON_LENGTH, "0")
                        .status());
    }

    @Test
    void openAiClientsGetFloatsOrBase64() {
        String uri = "data:image/png;base64," + Base64.getEncoder().encodeToString(red);
        String body = "{\"input\":[\"" + uri + "\",{\"image\":\"" + uri + "\"}],\"dimensions\":3,\"user\":\"u\","
                + "\"model\":\"colour\"";
        JsonObject floats = served.json("/v1/embeddings", body + "}").json();
        assertEquals("list", floats.get("object").getAsString());
        JsonObject second = floats.getAsJsonArray("data").get(1).getAsJsonObject();
        assertEquals(1, second.get("index").getAsInt());
        assertArrayEquals(ofRed, floats(second.get("embedding")), 1e-5f);
        assertTrue(floats.getAsJsonObject("usage").has("total_tokens"));
        JsonObject base64 = served.json("/v1/embeddings", body + ",\"encoding_format\":\"base64\"}")
                .json();
        byte[] bytes = Base64.getDecoder()
                .decode(base64.getAsJsonArray("data")
                        .get(0)
                        .getAsJsonObject()
                        .get("embedding")
                        .getAsString());
        float[] decoded = new float[3];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(decoded);
        assertArrayEquals(ofRed, decoded, 1e-5f);
    }

    @Test
    void modelsAreListed() {
        List<String> names = new ArrayList<>();
        served.get("/v1/models")
                .json()
                .getAsJsonArray("data")
                .forEach(each -> names.add(each.getAsJsonObject().get("id").getAsString()));
        assertEquals(List.of("colour", "log", "kinds", "tone", "text"), names);
        assertEquals("model", served.get("/v1/models/log").json().get("object").getAsString());
        assertEquals(404, served.get("/v1/models/none").status());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"input":"aGk="}                                       | 400 | model  |                 | expected a model
            {"model":"gpt","input":"x"}                            | 404 | model  | model_not_found | no such model
            {"model":"colour"}                                     | 400 | input  |                 | expected an input
            {"model":"colour","input":[]}                          | 400 |        |                 | nothing to embed
            {"model":"colour","input":["aGk=","!"]}                | 400 | input  |                 | input[1]: not valid base64
            {"model":"colour","input":["aGk="]}                    | 400 |        |                 | picture input[0]: no reader knows
            {"model":"colour","input":"http://a/b.png"}            | 400 | input  |                 | never fetched
            {"model":"colour","input":"data:image/png,x"}          | 400 | input  |                 | without ;base64
            {"model":"colour","input":[1,2]}                       | 400 | input  |                 | found an array of numbers
            {"model":"text","input":[1,2]}                         | 400 | input  |                 | expected a text
            {"model":"log","input":"a"}                            | 400 | input  |                 | an array of 3 numbers
            {"model":"log","input":[[1,2]]}                        | 400 |        |                 | input[0]: expected vectors of 3
            {"model":"colour","input":"aGk=","encoding_format":"f"}   | 400 | encoding_format |        | float or base64
            {"model":"log","input":[1,1,1],"dimensions":2}         | 400 | dimensions |             | 3 dimensions
            {"model":"log","input":[[1,1,1],[0,1,1]]}              | 500 |        |                 | input[1] with values that are not finite
            """)
    void openAiErrorsHaveAllFourKeysAndNameTheItem(String body, int status, String param, String code, String says) {
        Served.Answer answer = served.json("/v1/embeddings", body);
        assertEquals(status, answer.status(), answer.text());
        JsonObject error = answer.json().getAsJsonObject("error");
        assertEquals(List.of("message", "type", "param", "code"), List.copyOf(error.keySet()));
        assertTrue(answer.error().contains(says), answer.error());
        assertEquals(param == null, error.get("param").isJsonNull(), answer.text());
        assertEquals(param, param == null ? null : error.get("param").getAsString());
        assertEquals(
                code, error.get("code").isJsonNull() ? null : error.get("code").getAsString());
    }

    @Test
    void badFilesAreNamedByTheirPlaceAndInPlainWords() throws IOException {
        byte[] cut = Arrays.copyOf(red, red.length / 2);
        Served.Answer answer = served.post("/embed?model=colour", "multipart/form-data; boundary=x", form(red, cut));
        assertEquals(400, answer.status());
        assertTrue(answer.error().startsWith("cannot decode picture file 2: "), answer.error());
        assertEquals(
                400,
                served.post("/embed?model=colour", "multipart/form-data; boundary=y", form(red))
                        .status());
        assertEquals(
                400,
                served.post("/embed?model=colour", "multipart/form-data", form(red))
                        .status());
        assertEquals(
                400,
                served.post("/embed?model=colour", "image/png", new byte[0]).status());
        assertEquals(404, served.post("/embed?model=none", "image/png", red).status());
        assertEquals(
                "this server has 4 encoders, name one: ?model=NAME, of colour, log, kinds, tone, text",
                served.post("/embed", "image/png", red).error());
        assertEquals(415, served.post("/embed?model=colour", "audio/wav", red).status());
        assertEquals(
                400,
                served.json("/embed?model=log", "{\"inputs\":[[1,2,3]],\"x\":1}")
                        .status());
    }

    @Test
    void picturesOfOnePixelAreEmbedded() throws IOException {
        float[][] one = embeddings(
                served.post("/embed?model=colour", "image/png", ServedFiles.png(1, 1, new Color(255, 0, 0))));
        assertArrayEquals(new float[] {1, 0, 0}, one[0], 1e-6f);
    }

    @Test
    void figuresHaveRoutesAndModelsButNothingThatClientsMadeUp() throws IOException {
        served.get("/made/up");
        served.post("/embed?model=colour", "image/png", red);
        served.send("PATCH", "/embed", new byte[0]);
        Served.Answer page = served.get("/metrics");
        assertTrue(page.header("Content-Type").startsWith("text/plain; version=0.0.4"), page.header("Content-Type"));
        String text = page.text();
        assertTrue(text.contains("vicreg_requests_total{code=\"200\",model=\"colour\",route=\"/embed\"}"), text);
        assertTrue(text.contains("vicreg_requests_total{code=\"404\",model=\"\",route=\"other\"}"), text);
        assertFalse(text.contains("made"), text);
        for (String name : List.of(
                "vicreg_request_failures_total",
                "vicreg_request_duration_seconds_bucket",
                "vicreg_queue_seconds_bucket",
                "vicreg_decode_seconds_bucket",
                "vicreg_run_seconds_bucket",
                "vicreg_batch_size_bucket",
                "vicreg_queue_depth",
                "vicreg_requests_in_flight")) {
            assertTrue(text.contains("\n" + name), name);
        }
    }
}
