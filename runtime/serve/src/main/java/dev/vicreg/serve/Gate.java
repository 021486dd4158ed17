package dev.vicreg.serve;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who may come in: requests by a name of this server, so that no page of the web reaches it by a name of its own that leads
 * here (DNS rebinding), and with the token. Thread-safe.
 */
final class Gate {
    private static final String SCHEME = "bearer ";

    private final Set<String> hosts = new HashSet<>(List.of("localhost"));
    private final byte @Nullable [] token; // its hash, so that all take as long to compare

    Gate(ServeConfig.Address address, ServeConfig.Access access) {
        hosts.add(address.host().toLowerCase(Locale.ROOT));
        access.hosts().forEach(host -> hosts.add(host.toLowerCase(Locale.ROOT)));
        token = access.token() == null ? null : hash(access.token());
    }

    /**
     * Checks the name by which a server was asked. Numbers are no names that anybody else could make lead here.
     *
     * @param host as the Host header has it, with a port or without; null where there is none
     * @throws Refusal of status 421
     */
    void requireHost(@Nullable String host) {
        if (host == null || host.isEmpty() || hosts.contains("*")) {
            return;
        }
        String name = host.replaceFirst(":[0-9]*$", "").toLowerCase(Locale.ROOT);
        if (!name.startsWith("[") && !name.matches("[0-9.]+") && !hosts.contains(name)) {
            throw new Refusal(421, "this server is not known by that name (`allowed-host`)");
        }
    }

    /**
     * Checks the token.
     *
     * @param authorization the header
     * @throws Refusal of status 401, or 403 where a token is needed that the server hasn't
     */
    void requireToken(Route.Access access, @Nullable String authorization) {
        if (access == Route.Access.PROBE || access == Route.Access.OPEN) {
            return;
        }
        if (token == null) {
            if (access == Route.Access.TOKEN_ALWAYS) {
                throw new Refusal(403, "only a server with a token does that (`token-file`)");
            }
            return;
        }
        boolean bears = authorization != null
                && authorization.toLowerCase(Locale.ROOT).startsWith(SCHEME)
                && MessageDigest.isEqual(
                        token, hash(authorization.substring(SCHEME.length()).strip()));
        if (!bears) {
            throw new Refusal(401, "expected the header Authorization: Bearer TOKEN with this server's token")
                    .with("WWW-Authenticate", "Bearer");
        }
    }

    private static byte[] hash(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("This Java has no SHA-256", e);
        }
    }
}
