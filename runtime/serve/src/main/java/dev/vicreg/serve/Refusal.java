package dev.vicreg.serve;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Why a request gets no result: a status and one line for the client, without anything of this machine. Not a fault of the
 * program, so it has no stack trace.
 */
final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int status;
    private final @Nullable String param;
    private final @Nullable String code;
    private final transient Map<String, String> headers;

    private Refusal(
            int status,
            String message,
            @Nullable String param,
            @Nullable String code,
            Map<String, String> headers,
            @Nullable Throwable cause) {
        super(message, cause, false, false);
        this.status = status;
        this.param = param;
        this.code = code;
        this.headers = headers;
    }

    Refusal(int status, String message) {
        this(status, message, null, null, Map.of(), null);
    }

    static Refusal bad(String message) {
        return new Refusal(400, message);
    }

    static Refusal tooLarge(String message) {
        return new Refusal(413, message);
    }

    static Refusal unsupported(String message) {
        return new Refusal(415, message);
    }

    /** One that may succeed later. */
    static Refusal later(int status, String message) {
        return new Refusal(status, message).with("Retry-After", "1");
    }

    /** The same about a field, as OpenAI's errors name it. */
    Refusal about(String param) {
        return new Refusal(status, message(), param, code, headers, getCause());
    }

    /** The same with a word for programs, as OpenAI's errors have it. */
    Refusal coded(String code) {
        return new Refusal(status, message(), param, code, headers, getCause());
    }

    /** The same with a header in place of others. */
    Refusal with(String header, String value) {
        return new Refusal(status, message(), param, code, Map.of(header, value), getCause());
    }

    /** The same with what led to it, for the log. */
    Refusal because(Throwable cause) {
        return new Refusal(status, message(), param, code, headers, cause);
    }

    int status() {
        return status;
    }

    String message() {
        return String.valueOf(getMessage());
    }

    @Nullable
    String param() {
        return param;
    }

    @Nullable
    String code() {
        return code;
    }

    Map<String, String> headers() {
        return headers;
    }
}
