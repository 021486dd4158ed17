package dev.vicreg.tools.command;

import dev.vicreg.tools.cli.ConfigFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Sets of options that come with the program: the files {@code recipes/NAME.yaml} among its resources. */
final class Recipes {
    static final List<String> NAMES = List.of("cifar-small", "solo-learn-cifar");

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
}
