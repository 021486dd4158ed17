package dev.vicreg.training.optim;

import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.setting.SettingException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Rates by patterns over the names of parameters. In a pattern {@code *} stands for any characters, dots too, and
 * {@code ?} for one; it has to fit the whole name.
 *
 * @param freeze patterns of parameters that stay as they are; running statistics move all the same
 * @param scale {@code pattern=factor}: parameters that learn at so many times the rate; the last that fits counts
 */
public record FineTuning(List<String> freeze, List<String> scale) implements RateFactor {
    private static final float MOST = 1000;

    /** Checks the factors. */
    public FineTuning {
        freeze = List.copyOf(freeze);
        scale = List.copyOf(scale);
        scale.forEach(FineTuning::factor);
    }

    @Override
    public float of(Parameter parameter) {
        if (freeze.stream().anyMatch(pattern -> fits(pattern, parameter.name()))) {
            return 0;
        }
        float factor = 1;
        for (String each : scale) {
            factor = fits(pattern(each), parameter.name()) ? factor(each) : factor;
        }
        return factor;
    }

    @Override
    public void check(Collection<Parameter> parameters, Set<String> untrained) {
        List<String> patterns = new ArrayList<>(freeze);
        patterns.removeIf(pattern -> untrained.stream().anyMatch(name -> fits(pattern, name)));
        scale.forEach(each -> patterns.add(pattern(each)));
        for (String pattern : patterns) {
            if (parameters.stream().noneMatch(parameter -> parameter.isTrained() && fits(pattern, parameter.name()))) {
                throw new SettingException("No parameter fits the pattern " + pattern + ": names are such as "
                        + parameters.stream()
                                .filter(Parameter::isTrained)
                                .limit(3)
                                .map(Parameter::name)
                                .toList());
            }
        }
    }

    private static boolean fits(String pattern, String name) {
        StringBuilder regex = new StringBuilder();
        for (int i = 0; i < pattern.length(); i++) {
            char c = pattern.charAt(i);
            regex.append(c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(String.valueOf(c)));
        }
        return name.matches(regex.toString());
    }

    private static String pattern(String scale) {
        return scale.substring(0, scale.lastIndexOf('='));
    }

    private static float factor(String scale) {
        int equals = scale.lastIndexOf('=');
        try {
            float factor = Float.parseFloat(scale.substring(equals + 1));
            if (equals > 0 && factor >= 0 && factor <= MOST) {
                return factor;
            }
        } catch (NumberFormatException e) {
            // reported like a number out of range
        }
        throw new SettingException("Scale of a learning rate: expected a pattern and a factor of 0 to " + MOST
                + " such as 'layer1.*=0.1', found " + scale);
    }
}
