package dev.vicreg.models.setting;

import java.util.List;

/**
 * How the text of an option becomes its value and the value text again, where its type alone does not say. Has a
 * constructor without arguments.
 */
public interface Codec<T> {
    /**
     * The value.
     *
     * @throws IllegalArgumentException whose message continues the option's name: {@code must be …, found …}
     */
    T parse(String text);

    /** The text that {@link #parse} makes this value of. */
    default String text(T value) {
        return value.toString();
    }

    /** The value as JSON has it, where it isn't a number, a text, a truth or a list itself. */
    default Object json(T value) {
        return value;
    }

    /** The words that it may be; of an option with an argument those that its help lists where it says {@code {words}}. */
    default List<String> words() {
        return List.of();
    }
}
