package dev.vicreg.models.setting;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Makes a component of a record a setting: an option of the command line, a key of YAML files and of config.json, all of
 * one name. What follows from this declaration is told in {@link Schema}.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Option {
    /**
     * What the help page says; {@code {words}} stands for the codec's words, other settings are named as in
     * {@link SettingException}. Empty: recorded, but no option.
     */
    String help() default "";

    /** The name, if it is not the component's in kebab case. */
    String name() default "";

    /** What help calls the value; by itself the choices, {@code N} of whole numbers and {@code X} of others. */
    String argument() default "";

    /** Heading of the help page. */
    Group group() default Group.MODEL;

    /**
     * Text of the default. Without it a setting that is not given is null where the component is nullable, else 0, false
     * or empty: for whoever resolves it from data or from other settings.
     */
    String fallback() default "";

    /** Least value of a number. */
    double min() default -Double.MAX_VALUE;

    /** Greatest value of a number. */
    double max() default Double.MAX_VALUE;

    /** The words that it may be. */
    String[] choices() default {};

    /** How text becomes a value that is no number, word or truth. */
    Class<? extends Codec<?>> codec() default AsTyped.class;

    /** Help of the option {@code NAME-b}, which is this setting of a second branch; empty where both have one. */
    String second() default "";

    /** Of a nested record: it is the second branch's. */
    boolean secondBranch() default false;

    /** Whether it may change when a run goes on: where it runs or what it keeps, not what it computes. */
    boolean free() default false;

    /** Of a map: its keys are settings by name, which others declare; they stand among the record's own. */
    boolean open() default false;

    /** The type says it all. */
    final class AsTyped implements Codec<String> {
        @Override
        public String parse(String text) {
            return text;
        }
    }
}
