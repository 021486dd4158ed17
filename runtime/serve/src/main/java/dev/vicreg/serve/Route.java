package dev.vicreg.serve;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * What is answered at an address.
 *
 * @param method GET or POST; GET answers HEAD, too
 * @param path with names in braces for parts that it leaves open, as {@code /v1/models/{model}}
 * @param access who may ask
 * @param types media types that its body may have, the first being what one is taken for that tells none; empty where it
 *     takes no body
 * @param endpoint what answers
 */
record Route(String method, String path, Access access, List<String> types, Endpoint endpoint) {
    /** Who may ask. */
    enum Access {
        /** Anybody by any name of this server: probes. */
        PROBE,
        /** Anybody. */
        OPEN,
        /** Who has the token, where there is one. */
        TOKEN,
        /** Who has the token, which there must be. */
        TOKEN_ALWAYS
    }

    /** Answers a request; may throw a {@link Refusal} as well as answer with one. */
    @FunctionalInterface
    interface Endpoint {
        CompletableFuture<Reply> answer(Call call);
    }

    boolean takesBody() {
        return !types.isEmpty();
    }

    /** The media type of a body; of one that tells none, what it is taken for. */
    String type(String told) {
        return told.isEmpty() ? types.get(0) : told;
    }

    /** The open parts of an address; empty if it is another one. */
    Optional<Map<String, String>> parts(String address) {
        String[] wanted = path.split("/", -1);
        String[] found = address.split("/", -1);
        if (wanted.length != found.length) {
            return Optional.empty();
        }
        Map<String, String> parts = new LinkedHashMap<>();
        for (int i = 0; i < wanted.length; i++) {
            if (wanted[i].startsWith("{")) {
                parts.put(wanted[i].substring(1, wanted[i].length() - 1), found[i]);
            } else if (!wanted[i].equals(found[i])) {
                return Optional.empty();
            }
        }
        return Optional.of(parts);
    }
}
