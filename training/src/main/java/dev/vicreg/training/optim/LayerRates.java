package dev.vicreg.training.optim;

import dev.vicreg.models.nn.Parameter;
import dev.vicreg.models.setting.SettingException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Rates of a network that was trained before: its layers learn more slowly than what is new, the first ones, which fit any
 * task, the slowest. Between the first and the last layer rates grow by one factor from layer to layer, as in layer-wise
 * rate decay (Clark et al., "ELECTRA", ICLR 2020, appendix A; Howard, Ruder, "Universal language model fine-tuning", ACL
 * 2018, section 3.2); given by its product over all layers, it means the same for networks of any depth.
 *
 * @param encoder rate of the last layer, as a share of the rate fed; above 0
 * @param first rate of the first layer, as a share of the last one's; above 0 and at most 1, which is the same for all
 */
public record LayerRates(float encoder, float first) {
    /** Checks the ranges. */
    public LayerRates {
        if (!(encoder > 0 && encoder <= Float.MAX_VALUE)) {
            throw new SettingException(
                    "Rate of the encoder: expected a share above 0 of the rate fed, found " + encoder);
        }
        if (!(first > 0 && first <= 1)) {
            throw new SettingException("`layer-decay`: expected a share above 0 and at most 1, found " + first);
        }
    }

    /**
     * The rates of a network's parameters; all others have the rate fed.
     *
     * @param network in the order of its layers; parameters whose names differ in their last part alone, such as weight and
     *     bias, are one layer
     */
    public RateFactor over(List<Parameter> network) {
        List<String> layers = network.stream().map(LayerRates::layer).distinct().toList();
        Map<String, Float> factors = new LinkedHashMap<>();
        for (Parameter parameter : network) {
            int place = layers.indexOf(layer(parameter));
            double below = (layers.size() - 1.0 - place) / Math.max(1, layers.size() - 1);
            factors.put(parameter.name(), (float) (encoder * Math.pow(first, below)));
        }
        return parameter -> factors.getOrDefault(parameter.name(), 1f);
    }

    private static String layer(Parameter parameter) {
        int end = parameter.name().lastIndexOf('.');
        return end < 0 ? parameter.name() : parameter.name().substring(0, end);
    }
}
