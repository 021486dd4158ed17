package dev.vicreg.tools.cli;

import dev.vicreg.models.setting.Schema;
import dev.vicreg.models.setting.SettingException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The values of a command's options: given on the command line, else in the YAML file, else the defaults. */
public final class Settings implements Schema.Source {
    private final Map<String, Object> values = new HashMap<>();
    private final Command command;
    private final Map<String, Given> given;

    /**
     * A text that was given.
     *
     * @param origin where: {@link #OPTION}, or the name of what else holds it
     */
    private record Given(String text, String origin) {}

    /** Origin of what the command line says. */
    static final String OPTION = "option";

    /**
     * Parses every value, so that a wrong one is found before any work is done.
     *
     * @param given texts by option name, from the command line and the file
     * @param origins where those came from that aren't from the command line
     * @throws IllegalArgumentException naming the option whose value is wrong or missing
     */
    Settings(Command command, Map<String, String> given, Map<String, String> origins) {
        this(command, withOrigins(given, name -> origins.getOrDefault(name, OPTION)));
    }

    private Settings(Command command, Map<String, Given> given) {
        this.command = command;
        this.given = Map.copyOf(given);
        for (Setting<?> setting : command.usage().settings()) {
            Given own = given.get(setting.name());
            String text = own == null ? setting.fallback() : own.text;
            if (text != null) {
                values.put(setting.name(), parse(setting, text));
            }
        }
        for (Setting<?> setting : command.usage().required()) {
            if (!values.containsKey(setting.name())) {
                throw new SettingException("--" + setting.name() + " " + setting.argument() + " is missing; ./vicreg "
                        + command.name() + " --help shows an example");
            }
        }
    }

    private static Map<String, Given> withOrigins(Map<String, String> texts, UnaryOperator<String> origin) {
        Map<String, Given> given = new HashMap<>();
        texts.forEach((name, text) -> given.put(name, new Given(text, origin.apply(name))));
        return given;
    }

    private static Object parse(Setting<?> setting, String text) {
        try {
            return setting.parser().apply(text);
        } catch (SettingException e) {
            throw new SettingException("--" + setting.name() + " " + e.getMessage(), e);
        }
    }

    /**
     * The value of an option that is required or has a default.
     *
     * @throws IllegalArgumentException if it has neither and was not given
     */
    public <T> T get(Setting<T> setting) {
        return find(setting).orElseThrow(() -> new SettingException("--" + setting.name() + " is missing"));
    }

    /** The value, or empty where it was not given and has no default. */
    @SuppressWarnings("unchecked") // put there by the setting's own parser
    public <T> Optional<T> find(Setting<T> setting) {
        return Optional.ofNullable((@Nullable T) values.get(setting.name()));
    }

    /**
     * These settings with others beneath: where an option was not given, its text there takes the default's place and
     * counts as given.
     *
     * @param origin what holds them, such as {@code recipe paper}
     * @throws IllegalArgumentException if a text is no value of its option
     */
    public Settings over(Map<String, String> beneath, String origin) {
        Map<String, Given> merged = withOrigins(beneath, name -> origin);
        merged.putAll(given);
        return new Settings(command, merged);
    }

    /** These settings with another text for an option. */
    public Settings with(String name, String text) {
        Map<String, Given> changed = new HashMap<>(given);
        changed.put(name, new Given(text, origin(name).orElse(OPTION)));
        return new Settings(command, changed);
    }

    /** These settings as if an option had not been given. */
    public Settings without(String name) {
        Map<String, Given> fewer = new HashMap<>(given);
        fewer.remove(name);
        return new Settings(command, fewer);
    }

    /** What was given of another command's options, which may be others or fewer. */
    public Settings as(Usage other) {
        return new Settings(new Command(command.name(), command.summary(), () -> other, command.action()), given);
    }

    /** What the options say that a record declares: see {@link Schema#read}. */
    public <R extends Record> R read(Class<R> type) {
        return Schema.read(type, false, this);
    }

    /** What those of the second branch say. */
    public <R extends Record> R readSecond(Class<R> type) {
        return Schema.read(type, true, this);
    }

    @Override
    public @Nullable Object value(String name) {
        return values.get(name);
    }

    @Override
    public boolean isGiven(String name) {
        return given.containsKey(name);
    }

    /** The text of an option as it was given; empty where it wasn't. */
    public Optional<String> text(String name) {
        return Optional.ofNullable(given.get(name)).map(Given::text);
    }

    /** Where an option's text came from; empty where it wasn't given. */
    public Optional<String> origin(String name) {
        return Optional.ofNullable(given.get(name)).map(Given::origin);
    }

    /** Whether an option that has a default was left at it, and {@code text} says the same; flags are off by default. */
    public boolean isDefault(String name, String text) {
        return !isGiven(name)
                && command.usage().settings().stream()
                        .anyMatch(setting -> setting.name().equals(name)
                                && parse(setting, text).equals(setting.isFlag() ? (Object) false : values.get(name)));
    }

    /** Whether a flag is on. */
    public boolean on(Setting<Boolean> flag) {
        return find(flag).orElse(false);
    }

    /** Whether the option was named on the command line or in the file. */
    public boolean isGiven(Setting<?> setting) {
        return isGiven(setting.name());
    }
}
