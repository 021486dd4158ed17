import dev.vicreg.runtime.Embedder;
import dev.vicreg.runtime.EmbeddingModel;
import dev.vicreg.runtime.input.Input;
import dev.vicreg.runtime.natives.Device;
import dev.vicreg.runtime.picture.Picture;
import java.awt.image.BufferedImage;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongUnaryOperator;
import javax.imageio.ImageIO;

/**
 * Puts a load on a running server and compares it with the same model in this process: see tools/load/run, which starts both.
 *
 * <pre>Load MODEL.onnx PORT PID SECONDS CONNECTIONS MEMORY.csv</pre>
 */
final class Load {
    private static final String NAME = "encoder"; // of the model on the server
    private static final double WARM_UP = 0.2; // of the seconds, before measuring

    private final int port;
    private final double seconds;
    private final int connections;

    private Load(int port, double seconds, int connections) {
        this.port = port;
        this.seconds = seconds;
        this.connections = connections;
    }

    public static void main(String[] args) throws Exception {
        Load load = new Load(Integer.parseInt(args[1]), Double.parseDouble(args[3]), Integer.parseInt(args[4]));
        Thread memory = watchMemory(Path.of("/proc", args[2], "status"), Path.of(args[5]));
        load.measure(Path.of(args[0]));
        memory.interrupt();
        memory.join();
    }

    private void measure(Path file) throws Exception {
        byte[] tensor;
        byte[] jpeg;
        double batched;
        double alone;
        try (EmbeddingModel model = EmbeddingModel.load(file, Device.CPU, 0)) {
            Input.Pictures input = (Input.Pictures) model.manifest().input();
            int side = input.size().height();
            BufferedImage image = image(side);
            jpeg = jpeg(image);
            Embedder<Picture> steps = model.pictures();
            Picture picture = steps.prepare(steps.decode(jpeg, "made"));
            tensor = infer(picture.samples());
            int batch = Math.min(connections, model.batchSize());
            System.out.printf("%s: pictures of %d pixels, JPEG of %d bytes%n", file, side, jpeg.length);
            List<Picture> many = Collections.nCopies(batch, picture);
            double[] runs = repeated(() -> steps.embed(many));
            batched = batch * runs.length / Arrays.stream(runs).sum();
            row("in process, batches of " + batch, batched, 1, runs);
            double[] single = repeated(() -> steps.embed(List.of(picture)));
            alone = quantile(single, 0.5);
            row("in process, one by one", single.length / Arrays.stream(single).sum(), batched, single);
        } // before the server's turn, which has the processors for itself but for the clients
        double[] one = latencies(1, tensor, sent -> System.nanoTime());
        row("HTTP, one by one, tensors", one.length / seconds, batched, one);
        System.out.printf("  of each %.3f ms more than in process, by the medians%n", 1000 * (quantile(one, 0.5) - alone));
        for (boolean tensors : new boolean[] {true, false}) {
            byte[] request = tensors ? tensor : embed(jpeg);
            String what = tensors ? "tensors" : "JPEGs";
            double[] full = latencies(connections, request, sent -> System.nanoTime());
            double rate = full.length / seconds;
            row("HTTP, " + connections + " connections, " + what, rate, batched, full);
            double half = rate / 2;
            long start = System.nanoTime();
            double[] due = latencies(connections, request, sent -> start + (long) (sent * 1e9 / half));
            row(String.format("HTTP, %.0f a second, %s", half, what), due.length / seconds, batched, due);
        }
    }

    private static void row(String what, double rate, double batched, double[] latencies) {
        System.out.printf(
                "  %-40s %9.1f a second  %6s  median %8.2f ms  p99 %8.2f ms  longest %8.2f ms%n",
                what,
                rate,
                batched == 1 ? "" : String.format("%.1f %%", 100 * rate / batched),
                1000 * quantile(latencies, 0.5),
                1000 * quantile(latencies, 0.99),
                1000 * quantile(latencies, 1));
    }

    private static double quantile(double[] values, double part) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[Math.min(sorted.length - 1, (int) (part * sorted.length))];
    }

    /** Seconds of each call, made one after another until the time is over. */
    private double[] repeated(Runnable work) {
        List<Double> taken = new ArrayList<>();
        long begin = System.nanoTime() + (long) (WARM_UP * seconds * 1e9);
        long end = begin + (long) (seconds * 1e9);
        for (long now = System.nanoTime(); now < end; ) {
            long since = now;
            work.run();
            now = System.nanoTime();
            if (since >= begin) {
                taken.add((now - since) / 1e9);
            }
        }
        return taken.stream().mapToDouble(Double::doubleValue).toArray();
    }

    /**
     * Seconds from when each request was due to the end of its answer, so that one that had to wait for a free connection is
     * late as well.
     *
     * @param due when a request is sent, by its number, as {@link System#nanoTime} has it
     */
    private double[] latencies(int clients, byte[] request, LongUnaryOperator due)
            throws InterruptedException, ExecutionException {
        AtomicLong next = new AtomicLong();
        long begin = System.nanoTime() + (long) (WARM_UP * seconds * 1e9);
        long end = begin + (long) (seconds * 1e9);
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        List<Future<List<Double>>> parts = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            parts.add(threads.submit(() -> client(request, next, due, begin, end)));
        }
        List<Double> all = new ArrayList<>();
        for (Future<List<Double>> part : parts) {
            all.addAll(part.get());
        }
        threads.shutdown();
        return all.stream().mapToDouble(Double::doubleValue).toArray();
    }

    private List<Double> client(byte[] request, AtomicLong next, LongUnaryOperator due, long begin, long end)
            throws IOException {
        List<Double> taken = new ArrayList<>();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setTcpNoDelay(true);
            OutputStream out = socket.getOutputStream();
            InputStream in = new BufferedInputStream(socket.getInputStream());
            while (true) {
                long since = due.applyAsLong(next.getAndIncrement());
                if (since >= end) {
                    return taken;
                }
                for (long left = since - System.nanoTime(); left > 0; left = since - System.nanoTime()) {
                    LockSupport.parkNanos(left);
                }
                out.write(request);
                takeAnswer(in);
                if (since >= begin) {
                    taken.add((System.nanoTime() - since) / 1e9);
                }
            }
        }
    }

    private static void takeAnswer(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        for (int last = 0; last < 4; ) { // to the empty line
            int next = in.read();
            if (next < 0) {
                throw new IOException("the server closed the connection after: " + head);
            }
            head.write(next);
            last = next == "\r\n\r\n".charAt(last) ? last + 1 : next == '\r' ? 1 : 0;
        }
        String text = head.toString(StandardCharsets.ISO_8859_1);
        int length = text.lines()
                .filter(line -> line.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:"))
                .mapToInt(line -> Integer.parseInt(line.substring(15).strip()))
                .findFirst()
                .orElseThrow(() -> new IOException("no length: " + text));
        byte[] body = in.readNBytes(length);
        if (!text.startsWith("HTTP/1.1 200 ")) {
            throw new IOException(text + new String(body, StandardCharsets.UTF_8));
        }
    }

    private static byte[] infer(byte[] samples) {
        return post("/v2/models/" + NAME + "/infer", "application/octet-stream\r\nInference-Header-Content-Length: 0", samples);
    }

    private static byte[] embed(byte[] jpeg) {
        return post("/embed", "image/jpeg", jpeg);
    }

    private static byte[] post(String path, String type, byte[] body) {
        byte[] head = ("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + type + "\r\nContent-Length: "
                        + body.length + "\r\n\r\n")
                .getBytes(StandardCharsets.ISO_8859_1);
        byte[] request = Arrays.copyOf(head, head.length + body.length);
        System.arraycopy(body, 0, request, head.length, body.length);
        return request;
    }

    /** Neither flat nor noise: patches of colour. */
    private static BufferedImage image(int side) {
        Random random = new Random(0);
        BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        var graphics = image.createGraphics();
        for (int i = 0; i < 40; i++) {
            graphics.setColor(new java.awt.Color(random.nextInt(1 << 24)));
            graphics.fillOval(random.nextInt(side), random.nextInt(side), side / 4, side / 4);
        }
        graphics.dispose();
        return image;
    }

    private static byte[] jpeg(BufferedImage image) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(image, "jpeg", bytes);
        return bytes.toByteArray();
    }

    /** Writes the server's resident memory every second, and says how it went when it is interrupted. */
    private static Thread watchMemory(Path status, Path csv) {
        List<Long> seen = new ArrayList<>();
        Thread thread = new Thread(() -> {
            try {
                Files.writeString(csv, "second,resident_mb\n");
                while (!Thread.currentThread().isInterrupted()) {
                    seen.add(residentMb(status));
                    String line = seen.size() - 1 + "," + seen.get(seen.size() - 1) + "\n";
                    Files.writeString(csv, line, java.nio.file.StandardOpenOption.APPEND);
                    Thread.sleep(1000);
                }
            } catch (IOException e) {
                System.err.println("load: " + e);
            } catch (InterruptedException e) {
                // as asked
            }
            System.out.printf(
                    "  resident memory of the server: first %d, most %d, last %d MB%n",
                    seen.get(0), Collections.max(seen), seen.get(seen.size() - 1));
        });
        thread.start();
        return thread;
    }

    private static long residentMb(Path status) throws IOException {
        return Files.readAllLines(status).stream()
                        .filter(line -> line.startsWith("VmRSS:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                        .findFirst()
                        .orElseThrow()
                / 1024;
    }
}
