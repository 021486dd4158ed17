package dev.vicreg.models.setting;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * A setting, or what it names, cannot be used: the user's to change. The message says what, where, what was expected
 * and found, and the remedy, in one line. Every other {@link IllegalArgumentException} is a mistake of this program.
 *
 * <p>Messages, of other exceptions too, name a setting as {@code `batch-size`}: its component in kebab case, in grave
 * accents. The command line shows that as {@code --batch-size}.
 */
public final class SettingException extends IllegalArgumentException {
    @Serial
    private static final long serialVersionUID = 1;

    /** With the one line that the user sees. */
    public SettingException(String message) {
        super(message);
    }

    /** With the one line that the user sees, and what it explains. */
    public SettingException(@Nullable String message, Throwable cause) {
        super(message, cause);
    }
}
