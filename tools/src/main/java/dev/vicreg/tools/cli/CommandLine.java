package dev.vicreg.tools.cli;

import dev.vicreg.models.setting.Nearest;
import dev.vicreg.models.setting.SettingException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.MissingArgumentException;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.apache.commons.cli.UnrecognizedOptionException;

/** Turns the words after a command's name into its settings. */
public final class CommandLine {
    private CommandLine() {}

    /**
     * The settings, or empty where help was asked for.
     *
     * @throws IllegalArgumentException if an option is unknown, lacks its value, or has a wrong one
     */
    public static Optional<Settings> parse(Command command, List<String> words) throws IOException {
        org.apache.commons.cli.CommandLine line = split(command, words);
        if (line.hasOption(Usage.HELP.name())) {
            return Optional.empty();
        }
        List<String> rest = line.getArgList();
        boolean several = command.usage().several();
        int taken = command.usage().operand() == null ? 0 : several ? rest.size() : 1;
        if (rest.size() > taken) {
            throw new SettingException("unexpected \"" + rest.get(taken) + "\"; options start with --, and ./vicreg "
                    + command.name() + " --help lists them");
        }
        Map<String, String> given = new TreeMap<>();
        Map<String, String> origins = new HashMap<>();
        String config = line.getOptionValue(Usage.CONFIG.name());
        if (config != null) {
            given.putAll(ConfigFile.read(config, command));
            given.keySet().forEach(name -> origins.put(name, "file " + config));
        }
        for (Option option : line.getOptions()) {
            given.put(option.getLongOpt(), option.hasArg() ? value(command, line, option) : "true");
            origins.remove(option.getLongOpt());
        }
        Setting<?> operand = command.usage().operand();
        if (operand != null && !rest.isEmpty()) {
            if (line.hasOption(operand.name()) && !several) {
                throw new SettingException(
                        "\"" + rest.get(0) + "\" and --" + operand.name() + " are given: which of the two?");
            }
            List<String> all = new ArrayList<>(rest);
            if (line.hasOption(operand.name())) { // as in --run a b
                all.add(0, line.getOptionValue(operand.name()));
            }
            given.put(operand.name(), String.join("\n", all));
        }
        return Optional.of(new Settings(command, given, origins));
    }

    private static String value(Command command, org.apache.commons.cli.CommandLine line, Option option) {
        String[] values = line.getOptionValues(option.getLongOpt());
        boolean repeated = command.usage().settings().stream()
                .anyMatch(setting -> setting.isRepeated() && setting.name().equals(option.getLongOpt()));
        if (values.length > 1 && !repeated) {
            throw new SettingException("--" + option.getLongOpt() + " is given twice");
        }
        return String.join(",", values);
    }

    private static org.apache.commons.cli.CommandLine split(Command command, List<String> words) {
        Options options = new Options();
        for (Setting<?> setting : command.usage().settings()) {
            options.addOption(Option.builder()
                    .longOpt(setting.name())
                    .hasArg(!setting.isFlag())
                    .get());
        }
        try {
            return DefaultParser.builder()
                    .setAllowPartialMatching(false)
                    .setStripLeadingAndTrailingQuotes(false)
                    .get()
                    .parse(options, words.toArray(new String[0]));
        } catch (UnrecognizedOptionException e) {
            String name = e.getOption().replaceFirst("^-+", "").replaceFirst("=.*", "");
            List<String> known =
                    command.usage().settings().stream().map(Setting::name).toList();
            throw new SettingException("unknown option " + e.getOption() + Nearest.suggestion(name, known, "--"), e);
        } catch (MissingArgumentException e) {
            throw new SettingException("--" + e.getOption().getLongOpt() + " needs a value", e);
        } catch (ParseException e) {
            throw new SettingException(e.getMessage(), e);
        }
    }
}
