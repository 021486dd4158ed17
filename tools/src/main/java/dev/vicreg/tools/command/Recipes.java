package dev.vicreg.tools.command;

import dev.vicreg.models.setting.SettingException;
import dev.vicreg.tools.cli.ConfigFile;
import dev.vicreg.tools.cli.Settings;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Sets of options that come with the program: the files {@code recipes/NAME.yaml} among its resources. */
final class Recipes {
    static final List<String> NAMES = List.of(
            "cifar-small",
            "emp-ssl-cifar10",
            "laptop",
            "lightly-imagenette",
            "official",
            "paper",
            "solo-cifar10",
            "solo-cifar100");

    private Recipes() {}

    /** Texts by option name. */
    static Map<String, String> texts(String name) throws IOException {
        String resource = "/recipes/" + name + ".yaml";
        try (InputStream in = Recipes.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IOException("recipe " + name + " is not in the program: no resource " + resource);
            }
            return ConfigFile.parse("recipe " + name, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    /**
     * Refuses options that have no use. Those of a recipe are not meant, beside which anything may be named.
     *
     * @param why continues the option's name
     */
    static void refuse(Settings settings, boolean unused, String why, List<String> options) throws IOException {
        Optional<String> recipe = settings.find(RunOptions.RECIPE);
        Set<String> ofRecipe = recipe.isPresent() ? texts(recipe.get()).keySet() : Set.of();
        for (String option : options) {
            if (unused && settings.isGiven(option) && !ofRecipe.contains(option)) {
                throw new SettingException("--" + option + " " + why + "; leave it out");
            }
        }
    }
}
