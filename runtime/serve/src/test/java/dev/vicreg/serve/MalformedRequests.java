package dev.vicreg.serve;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;

/**
 * Requests that are wrong somewhere, each made of a good one of some route by one to three changes, and the same for the same
 * number. They are what {@link MalformedRequestsTest} sends to a server with the models colour, kinds, signal and text.
 */
final class MalformedRequests {
    private static final List<String> JSON_VALUES = List.of(
            "NaN",
            "Infinity",
            "-1",
            "0",
            "-0.0",
            "1.5",
            "1e999",
            "1e400000",
            "9223372036854775807",
            "9223372036854775808",
            "4294967297",
            "2147483648",
            "null",
            "true",
            "[]",
            "{}",
            "\"\"",
            "\"\\ud800\"",
            "\"\\u0000\"",
            "\"http://localhost/a.png\"",
            "\"data:image/png;base64\"",
            "\"data:;base64,====\"",
            "[4294967296,4294967296]",
            "[65536,65536,65536,65536]",
            "[1,-3]",
            "[9223372036854775807,2]",
            "[[1,2],[3]]",
            "[[[[1]]]]",
            "{\"a\":1,\"a\":2}",
            "[".repeat(5000),
            "{\"a\":".repeat(3000),
            "9".repeat(5000),
            "\"" + "A".repeat(20_000) + "\"");

    private static final List<String> LENGTHS = List.of(
            "-1", "0", "1", "7", "99999999", "9223372036854775807", "99999999999999999999", "x", "", "1 1", "+5");

    private static final List<String> HEADERS = List.of(
            "Content-Encoding: gzip",
            "Content-Encoding: deflate",
            "Content-Encoding: br",
            "Content-Encoding: gzip, gzip",
            "Content-Encoding: ,,",
            "Content-Type: application/json",
            "Content-Type: image/png",
            "Content-Type: audio/wav",
            "Content-Type: text/csv",
            "Content-Type: multipart/form-data",
            "Content-Type: multipart/form-data; boundary=",
            "Content-Type: multipart/form-data; boundary=\"",
            "Content-Type: multipart/form-data; boundary=" + "b".repeat(5000),
            "Content-Type: ;;;",
            "Content-Type: application/json; charset=utf-7",
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: x",
            "Host: evil.example",
            "Host: localhost, localhost",
            "Host: [::1",
            "Host: ",
            "Authorization: Bearer " + "t".repeat(3000),
            "Expect: 100-continue",
            "Expect: the worst",
            "Upgrade: h2c",
            "Connection: Upgrade, HTTP2-Settings",
            "Range: bytes=9-1",
            "X: " + "y".repeat(20_000),
            " folded: line",
            "no colon",
            "X-\u0000: \u0001",
            "Caf\u00e9: \u00ff");

    private static final List<String> TARGETS = List.of(
            "/",
            "*",
            "//",
            "/%00",
            "/%zz",
            "/%2e%2e/%2e%2e/etc/passwd",
            "/v2/models/../../x",
            "/v2/models/%2F/infer",
            "/v2/models/colour;a=b/infer",
            "/search/colour/pictures/-1",
            "/search/colour/pictures/99999999999",
            "/search/colour/map/..",
            "/search?k=-1",
            "/search?k=99999999999&map=maybe",
            "/classify?top=%zz",
            "/embed?model=%00",
            "/embed?model=" + "m".repeat(9000),
            "/embed?" + "&".repeat(3000),
            "/embed?model=colour#x",
            "http://localhost/v2",
            "http://evil.example/v2",
            "file:///etc/passwd",
            "v2",
            "/\u00e4",
            "/ v2",
            "/v2 ",
            "");

    private static final List<String> METHODS = List.of(
            "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "get", "PRI", "\u00ff", "");

    /** A request, and where its parts are. */
    record Parts(String method, String target, List<String> headers, byte[] body) {
        Parts with(List<String> others, byte[] other) {
            return new Parts(method, target, others, other);
        }
    }

    private final List<Parts> good;

    /** @param addresses of the routes that take no body, with the names of models in them */
    MalformedRequests(List<String> addresses) throws IOException {
        good = new ArrayList<>();
        addresses.forEach(each -> good.add(new Parts("GET", each, List.of(), new byte[0])));
        for (String format : List.of("png", "jpg", "bmp", "gif", "tif")) {
            byte[] file = picture(format);
            String type = "Content-Type: image/" + format;
            add("/embed?model=colour", type, file);
            add("/search?model=colour&k=2&map=true", type, file);
            add("/embed?model=colour", "Content-Type: application/json", json("inputs", file));
            add("/v1/embeddings", "Content-Type: application/json", openAi("colour", quoted(file)));
            add("/embed?model=colour", "Content-Type: multipart/form-data; boundary=x", form(file, file));
        }
        add("/embed?model=colour", "Content-Type: image/webp", utf8("RIFF \u0000\u0000\u0000WEBPVP8 \u0010"));
        add("/embed?model=signal", "Content-Type: audio/wav", wav());
        add("/embed?model=signal", "Content-Type: application/json", json("inputs", wav()));
        add("/embed?model=text", "Content-Type: text/plain", utf8("a text \u00e4\ud83d\ude00"));
        add("/embed?model=text", "Content-Type: application/json", utf8("{\"inputs\":[\"one\",{\"text\":\"two\"}]}"));
        add("/classify?model=kinds&top=2", "Content-Type: text/csv", utf8("1, 2, 3\n"));
        add("/classify?model=kinds", "Content-Type: application/json", utf8("{\"inputs\":[[1,2,3],[4,5,6]]}"));
        add("/search?model=kinds", "Content-Type: application/json", utf8("{\"vector\":[1,2,3],\"k\":2}"));
        add("/v1/embeddings", "Content-Type: application/json", openAi("kinds", "[[1,2,3]]"));
        add("/v1/embeddings", "Content-Type: application/json", openAi("text", "\"a\",\"encoding_format\":\"float\""));
        infer("colour", "image", "UINT8", "1,8,8,3", 192);
        infer("kinds", "vector", "FP32", "2,3", 24);
        infer("signal", "signal", "FP32", "1,1,4", 16);
        infer("text", "ids", "INT64", "1,6", 48);
        add("/v2/repository/models/colour/load", "Content-Type: application/json", utf8("{}"));
    }

    private void add(String target, String type, byte[] body) {
        good.add(new Parts("POST", target, List.of(type), body));
    }

    /** Tensors as JSON, in binary behind JSON, and as the whole body. */
    private void infer(String model, String name, String type, String shape, int bytes) {
        String target = "/v2/models/" + model + "/infer";
        String head = "{\"id\":\"a\",\"inputs\":[{\"name\":\"" + name + "\",\"shape\":[" + shape + "],\"datatype\":\""
                + type + "\",";
        int values = Arrays.stream(shape.split(",")).mapToInt(Integer::parseInt).reduce(1, (a, b) -> a * b);
        add(target, "Content-Type: application/json", utf8(head + "\"data\":[" + "1,".repeat(values - 1) + "1]}]}"));
        byte[] json = utf8(head + "\"parameters\":{\"binary_data_size\":" + bytes
                + "}}],\"outputs\":[{\"name\":\"embedding\",\"parameters\":{\"binary_data\":true}}]}");
        byte[] body = Arrays.copyOf(json, json.length + bytes);
        String length = InferRequest.JSON_LENGTH + ": ";
        good.add(new Parts(
                "POST", target, List.of("Content-Type: application/octet-stream", length + json.length), body));
        good.add(new Parts(
                "POST", target, List.of("Content-Type: application/octet-stream", length + "0"), new byte[bytes]));
    }

    /** What is sent for a number: the bytes, after which the client sends no more. */
    byte[] request(long number) {
        SplittableRandom random = new SplittableRandom(number);
        Parts parts = good.get(random.nextInt(good.size()));
        for (int i = random.nextInt(3); i >= 0; i--) {
            parts = changed(parts, random);
        }
        byte[] sent = bytes(parts, random);
        return switch (random.nextInt(8)) {
            case 0 -> Arrays.copyOf(sent, random.nextInt(sent.length + 1)); // half a request
            case 1 -> joined(sent, noise(random)); // with others behind it, which may be none
            case 2 -> joined(joined(sent, sent), Arrays.copyOf(sent, random.nextInt(sent.length + 1)));
            default -> sent;
        };
    }

    private static Parts changed(Parts parts, SplittableRandom random) {
        List<String> headers = new ArrayList<>(parts.headers);
        byte[] body = parts.body;
        switch (random.nextInt(14)) {
            case 0 -> {
                return new Parts(pick(METHODS, random), parts.target, headers, body);
            }
            case 1 -> {
                return new Parts(parts.method, pick(TARGETS, random), headers, body);
            }
            case 2, 3 -> headers.add(random.nextInt(headers.size() + 1), pick(HEADERS, random));
            case 4 -> headers.replaceAll(each -> random.nextBoolean() ? pick(HEADERS, random) : each);
            case 5 ->
                headers.replaceAll(each -> each.startsWith(InferRequest.JSON_LENGTH)
                        ? InferRequest.JSON_LENGTH + ": " + pick(LENGTHS, random)
                        : each);
            case 6 -> headers.add("Content-Length: " + pick(LENGTHS, random));
            case 7 -> {
                headers.add("Content-Encoding: " + (random.nextBoolean() ? "gzip" : "deflate"));
                body = damaged(packed(random.nextBoolean() ? body : new byte[1 << 20], headers), random);
            }
            case 8 -> body = Arrays.copyOf(body, random.nextInt(body.length + 1));
            case 9 -> body = noise(random);
            default ->
                body = looksLikeJson(body) && random.nextInt(3) > 0 ? otherValue(body, random) : damaged(body, random);
        }
        return parts.with(headers, body);
    }

    private static boolean looksLikeJson(byte[] body) {
        return body.length > 0 && body[0] == '{';
    }

    /** JSON with another value in place of one of its own, or another name. */
    private static byte[] otherValue(byte[] body, SplittableRandom random) {
        String text = new String(body, StandardCharsets.ISO_8859_1);
        int from = random.nextInt(text.length());
        while (from < text.length() - 1 && ":[,".indexOf(text.charAt(from)) < 0) {
            from++;
        }
        int to = from + 1;
        while (to < text.length() && ",]}".indexOf(text.charAt(to)) < 0) {
            to++;
        }
        String other =
                text.substring(0, from + 1) + pick(JSON_VALUES, random) + text.substring(Math.min(to, text.length()));
        return other.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Some bytes turned, taken out, or doubled. */
    private static byte[] damaged(byte[] body, SplittableRandom random) {
        byte[] other = body.clone();
        if (body.length < 2) {
            return noise(random);
        }
        int at = random.nextInt(body.length);
        switch (random.nextInt(3)) {
            case 0 -> {
                for (int i = random.nextInt(8); i >= 0; i--) {
                    other[random.nextInt(body.length)] = (byte) random.nextInt(256);
                }
                return other;
            }
            case 1 -> {
                int length = random.nextInt(1, Math.min(64, body.length - at) + 1);
                return joined(Arrays.copyOf(body, at), Arrays.copyOfRange(body, at + length, body.length));
            }
            default -> {
                return joined(Arrays.copyOf(body, at), body);
            }
        }
    }

    private static byte[] bytes(Parts parts, SplittableRandom random) {
        List<String> lines = new ArrayList<>(parts.headers);
        if (random.nextInt(20) > 0) {
            lines.add(0, "Host: localhost");
        }
        boolean told =
                lines.stream().anyMatch(line -> line.startsWith("Content-Length") || line.startsWith("Transfer-"));
        if (!told && parts.body.length > 0) {
            lines.add("Content-Length: " + parts.body.length);
        }
        String version = random.nextInt(30) > 0
                ? " HTTP/1.1"
                : pick(List.of("", " HTTP/1.0", " HTTP/2.0", " HTTP/9.9", " http/1.1", " FTP", "\u0000"), random);
        String head = parts.method + " " + parts.target + version + "\r\n" + String.join("\r\n", lines)
                + (lines.isEmpty() ? "" : "\r\n") + "\r\n";
        return joined(head.getBytes(StandardCharsets.ISO_8859_1), parts.body);
    }

    private static byte[] noise(SplittableRandom random) {
        byte[] bytes = new byte[random.nextInt(300)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static <T> T pick(List<T> list, SplittableRandom random) {
        return list.get(random.nextInt(list.size()));
    }

    private static byte[] joined(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private static byte[] packed(byte[] body, List<String> headers) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        boolean gzip = headers.get(headers.size() - 1).endsWith("gzip");
        try (var out = gzip ? new GZIPOutputStream(bytes) : new DeflaterOutputStream(bytes)) {
            out.write(body);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static byte[] picture(String format) throws IOException {
        BufferedImage image = new BufferedImage(12, 9, BufferedImage.TYPE_INT_RGB);
        image.setRGB(3, 4, Color.ORANGE.getRGB());
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        if (!ImageIO.write(image, format, bytes)) {
            throw new IOException("no writer of " + format);
        }
        return bytes.toByteArray();
    }

    private static byte[] wav() {
        ByteBuffer wav = ByteBuffer.allocate(44 + 16).order(ByteOrder.LITTLE_ENDIAN);
        wav.put(utf8("RIFF")).putInt(36 + 16).put(utf8("WAVEfmt ")).putInt(16).putShort((short) 1);
        wav.putShort((short) 1).putInt(8000).putInt(16_000).putShort((short) 2).putShort((short) 16);
        return wav.put(utf8("data")).putInt(16).array();
    }

    private static byte[] form(byte[]... files) {
        byte[] form = new byte[0];
        for (byte[] file : files) {
            String head = "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\"\r\n\r\n";
            form = joined(joined(form, utf8(head)), joined(file, utf8("\r\n")));
        }
        return joined(form, utf8("--x--\r\n"));
    }

    private static String quoted(byte[] file) {
        return "\"" + Base64.getEncoder().encodeToString(file) + "\"";
    }

    private static byte[] json(String field, byte[] file) {
        return utf8("{\"" + field + "\":[" + quoted(file) + "]}");
    }

    private static byte[] openAi(String model, String input) {
        return utf8("{\"model\":\"" + model + "\",\"input\":" + input + "}");
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
