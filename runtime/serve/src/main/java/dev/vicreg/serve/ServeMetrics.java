package dev.vicreg.serve;

import dev.vicreg.runtime.Batcher;
import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Consumer;
import java.util.function.IntSupplier;

/**
 * Figures for Prometheus. Labels have few values, all known beforehand: routes as they are declared, the models' names,
 * statuses, causes. Thread-safe.
 */
final class ServeMetrics {
    /** Of requests, after OpenTelemetry's advice for HTTP. */
    private static final double[] SECONDS = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10};

    /** Of the parts of a request. */
    private static final double[] SHORT = {
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1
    };

    private static final double[] SIZES = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Counter requests = Counter.builder()
            .name("vicreg_requests_total")
            .help("Requests that were answered")
            .labelNames("route", "model", "code")
            .register(registry);
    private final Counter failures = Counter.builder()
            .name("vicreg_request_failures_total")
            .help("Requests that were not answered with success, by cause")
            .labelNames("cause")
            .register(registry);
    private final Histogram seconds = Histogram.builder()
            .name("vicreg_request_duration_seconds")
            .help("From the head of a request to the end of its answer")
            .labelNames("route")
            .classicOnly()
            .classicUpperBounds(SECONDS)
            .register(registry);
    private final Histogram queued = parts("vicreg_queue_seconds", "Time that a sample waits for its batch", SHORT);
    private final Histogram decoded = parts("vicreg_decode_seconds", "Time to decode and resize a sample", SHORT);
    private final Histogram ran = parts("vicreg_run_seconds", "Time of a run of the model", SHORT);
    private final Histogram sizes = parts("vicreg_batch_size", "Samples in a run of the model", SIZES);
    private final Gauge inFlight = Gauge.builder()
            .name("vicreg_requests_in_flight")
            .help("Requests that are being answered")
            .register(registry);

    ServeMetrics() {
        for (Cause cause : Cause.values()) {
            failures.initLabelValues(cause.word());
        }
    }

    private Histogram parts(String name, String help, double... bounds) {
        return Histogram.builder()
                .name(name)
                .help(help)
                .classicOnly()
                .classicUpperBounds(bounds)
                .register(registry);
    }

    /** Why a request got no result. */
    enum Cause {
        CLIENT("client"),
        LIMIT("limit"),
        TIMEOUT("timeout"),
        UNAVAILABLE("unavailable"),
        INTERNAL("internal");

        private final String word;

        Cause(String word) {
            this.word = word;
        }

        String word() {
            return word;
        }

        static Cause of(int status) {
            return switch (status) {
                case 413, 429 -> LIMIT;
                case 408 -> TIMEOUT;
                case 503 -> UNAVAILABLE;
                default -> status < 500 ? CLIENT : INTERNAL;
            };
        }
    }

    /** @param depth samples that wait for their batch, asked for as figures are */
    void watchQueue(IntSupplier depth) {
        GaugeWithCallback.builder()
                .name("vicreg_queue_depth")
                .help("Samples that wait for their batch")
                .callback(value -> value.call(depth.getAsInt()))
                .register(registry);
    }

    void began() {
        inFlight.inc();
    }

    /**
     * A request was answered.
     *
     * @param route as it is declared, {@code other} for none
     * @param model a model that is served; empty for none
     */
    void answered(String route, String model, int status, long nanos) {
        inFlight.dec();
        requests.labelValues(route, model, Integer.toString(status)).inc();
        seconds.labelValues(route).observe(nanos / 1e9);
        if (status >= 400) {
            failures.labelValues(Cause.of(status).word()).inc();
        }
    }

    void decoded(long nanos) {
        decoded.observe(nanos / 1e9);
    }

    /**
     * What looks at batches.
     *
     * @param ended told of what a thread of batches ended by
     */
    Batcher.Watch watch(Consumer<Throwable> ended) {
        return new Batcher.Watch() {
            @Override
            public void waited(long nanos) {
                queued.observe(nanos / 1e9);
            }

            @Override
            public void ran(int samples, long nanos) {
                ran.observe(nanos / 1e9);
                sizes.observe(samples);
            }

            @Override
            public void ended(Throwable cause) {
                ended.accept(cause);
            }
        };
    }

    /** All figures as text. */
    Reply page() {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try {
            PrometheusTextFormatWriter.create().write(text, registry.scrape(), EscapingScheme.UNDERSCORE_ESCAPING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Reply.of(200, PrometheusTextFormatWriter.CONTENT_TYPE, text.toByteArray());
    }
}
