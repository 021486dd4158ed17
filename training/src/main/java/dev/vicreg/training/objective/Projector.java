package dev.vicreg.training.objective;

import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.setting.SettingException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The network between representation and loss (the paper's expander, section 4.1): linear layers with batch norm and
 * ReLU between them.
 *
 * @param widths output width of each layer; empty for no projector: the loss then acts on the representation
 * @param ending how the last layer ends: {@link Heads#ending}
 * @param norms whether batch norms follow the layers but the last; without them those layers end in ReLU alone
 */
public record Projector(List<Integer> widths, Ending ending, boolean norms) {
    private static final int MAX_WIDTH = 65_536;

    /** What the last layer has besides its weights. */
    public enum Ending {
        /** Nothing, as in VICReg's official code. */
        WITHOUT_BIAS,
        /** A bias. */
        LINEAR,
        /** A batch norm without scale and shift, as SimSiam has it (Chen, He 2021, section 4.4). */
        NORM
    }

    /** With batch norms. */
    public Projector(List<Integer> widths, Ending ending) {
        this(widths, ending, true);
    }

    /** Checks the widths. */
    public Projector {
        widths = List.copyOf(widths);
        for (int width : widths) {
            if (width < 1 || width > MAX_WIDTH) {
                throw new SettingException(
                        "Projector width: expected 1 to " + MAX_WIDTH + ", found " + width + " in " + text(widths));
            }
        }
    }

    /**
     * Reads widths as {@code 2048-2048-2048}, or {@code none}.
     *
     * @throws IllegalArgumentException for other texts
     */
    public static List<Integer> parse(String text) {
        if (text.equals("none")) {
            return List.of();
        }
        if (!text.matches("[0-9]{1,9}(-[0-9]{1,9})*")) {
            throw new SettingException("Projector: expected widths such as 2048-2048-2048, or none, found " + text);
        }
        return Arrays.stream(text.split("-")).map(Integer::valueOf).toList();
    }

    /** The widths as {@link #parse} reads them. */
    public static String text(List<Integer> widths) {
        return widths.isEmpty() ? "none" : widths.stream().map(String::valueOf).collect(Collectors.joining("-"));
    }

    /** Builds the projector: [N,D] → [N,last width]. Layers are numbered as in a PyTorch Sequential. */
    public Value build(Layers layers, Value representation) {
        Value x = representation;
        for (int i = 0; i < widths.size(); i++) {
            boolean last = i == widths.size() - 1;
            x = layers.linear(Integer.toString(3 * i), x, widths.get(i), !last || ending == Ending.LINEAR);
            String norm = Integer.toString(3 * i + 1);
            if (!last) {
                x = layers.relu(norms ? layers.batchNorm(norm, x) : x);
            } else if (norms && ending == Ending.NORM) {
                x = layers.batchNormWithoutScale(norm, x);
            }
        }
        return x;
    }
}
