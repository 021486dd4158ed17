package dev.vicreg.serve;

import dev.vicreg.runtime.natives.Device;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a server serves, where and within which limits.
 *
 * @param models at least one, each of its own name
 * @param device where they run
 * @param threads for one run on the CPU; 0 for as many as there are processors
 * @param address where it listens
 * @param access who may ask
 * @param limits what one request, and all together, may take
 * @param version this project's, as clients are told
 */
public record ServeConfig(
        List<Source> models,
        Device device,
        int threads,
        Address address,
        Access access,
        Limits limits,
        String version) {
    /** What names may be: they stand in addresses. */
    public static final String NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,99}";

    public ServeConfig {
        models = List.copyOf(models);
        if (models.isEmpty()) {
            throw new IllegalArgumentException("expected a model to serve, found none");
        }
    }

    /**
     * A model's file, and what clients call it.
     *
     * @param name as {@link #NAME} has it
     * @param index that {@code /search} looks in, made with this model; null for none
     */
    public record Source(String name, Path file, @Nullable Path index) {
        /** One without an index. */
        public Source(String name, Path file) {
            this(name, file, null);
        }
    }

    /**
     * Where the server listens.
     *
     * @param host a name or number of this machine
     * @param port 0 for any that is free
     * @param tls null for HTTP without it
     */
    public record Address(String host, int port, @Nullable Tls tls) {}

    /** A certificate chain and its private key, PEM both. */
    public record Tls(Path certificate, Path key) {}

    /**
     * Who may ask.
     *
     * @param token that requests must bear, other than those of health and of the documentation; null for none
     * @param hosts further names that the Host header may have; {@code *} for any
     */
    public record Access(@Nullable String token, Set<String> hosts) {
        public Access {
            hosts = Set.copyOf(hosts);
        }
    }

    /**
     * What requests may take.
     *
     * @param batch the most samples that run at once
     * @param delay how long the first sample of a batch waits for others
     * @param queue the most samples that are being prepared, wait or run, and searches, of all requests
     * @param timeout from the end of a request's body to its answer
     * @param body bytes of a request's body, as sent and decompressed
     * @param connections that are open at once
     * @param drainDelay how long the server serves on, unready, before it stops
     */
    public record Limits(
            int batch, Duration delay, int queue, Duration timeout, long body, int connections, Duration drainDelay) {
        public static final Limits DEFAULT =
                new Limits(64, Duration.ZERO, 1024, Duration.ofSeconds(30), 64L << 20, 1024, Duration.ZERO);
    }
}
