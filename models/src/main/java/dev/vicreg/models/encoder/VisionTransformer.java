package dev.vicreg.models.encoder;

import dev.vicreg.models.graph.Shape;
import dev.vicreg.models.graph.Value;
import dev.vicreg.models.nn.Activation;
import dev.vicreg.models.nn.Convolution;
import dev.vicreg.models.nn.Initializer;
import dev.vicreg.models.nn.Layers;
import dev.vicreg.models.nn.Parameter.Role;
import dev.vicreg.models.setting.Option;
import dev.vicreg.models.setting.SettingException;
import java.util.Locale;

/**
 * Vision transformers (Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words"; sizes Ti and S from Touvron et al.
 * 2021, DeiT): patches, learned positions, pre-norm blocks. Names and initialisation are those of timm's
 * {@code VisionTransformer}: truncated normal of deviation 0.02 for linear layers and positions, zero biases, a class
 * token near zero, PyTorch's default for the patches' projection. No dropout and no stochastic depth, as timm's
 * defaults.
 *
 * @param patchSize side of a patch in pixels, a divisor of the pictures' sides
 * @param width of the tokens, a multiple of {@code heads}
 * @param depth number of blocks
 * @param heads of each attention
 * @param pool what becomes the representation: {@link Pooling#CLS}, the class token after the norm, or
 *     {@link Pooling#MEAN}, the mean over all patches, then the norm {@code fc_norm}; there is no class token then (timm's
 *     "avg")
 */
public record VisionTransformer(
        @Option(help = PATCHES, argument = "PIXELS", min = 1, max = 256)
        int patchSize,

        int width,
        int depth,
        int heads,

        @Option(help = "what a vision transformer gives: its class token, or the mean of its patches; without it cls")
        Pooling pool)
        implements Encoder {
    static final String PATCHES =
            "side of the patches of a vision transformer or ConvNeXt; without it 16 and 4, or 4 and 2"
                    + " up to 64 pixels";

    private static final float EPSILON = 1e-6f;
    private static final int MLP_RATIO = 4;
    private static final Initializer WEIGHTS = Initializer.truncatedNormal(0.02);
    private static final Initializer ZERO = Initializer.constant(0);

    /** Checks the settings. */
    public VisionTransformer {
        if (patchSize < 1 || patchSize > 256) {
            throw new SettingException("Patch size: expected 1 to 256 pixels, found " + patchSize);
        }
        if (width < 1 || width > 4096 || width % heads != 0) {
            throw new SettingException("Encoder width: expected a multiple of the transformer's " + heads
                    + " heads up to 4096, found " + width);
        }
        if (pool != Pooling.CLS && pool != Pooling.MEAN) {
            throw new SettingException("Pooling of a vision transformer: expected cls or mean, found "
                    + pool.name().toLowerCase(Locale.ROOT).replace('_', '-'));
        }
    }

    /** ViT-Ti: width 192, 3 heads. */
    public static VisionTransformer tiny(int patchSize, Pooling pool) {
        return new VisionTransformer(patchSize, 192, 12, 3, pool);
    }

    /** ViT-S: width 384, 6 heads. */
    public static VisionTransformer small(int patchSize, Pooling pool) {
        return new VisionTransformer(patchSize, 384, 12, 6, pool);
    }

    /** ViT-B: width 768, 12 heads. */
    public static VisionTransformer base(int patchSize, Pooling pool) {
        return new VisionTransformer(patchSize, 768, 12, 12, pool);
    }

    /** The same number of heads and blocks with tokens of another width. */
    public VisionTransformer withWidth(int tokens) {
        return new VisionTransformer(patchSize, tokens, depth, heads, pool);
    }

    @Override
    public int dimension() {
        return width;
    }

    @Override
    public Value build(Layers layers, Value pictures) {
        Value x = withPositions(layers, patches(layers.scope("patch_embed"), pictures));
        for (int block = 0; block < depth; block++) {
            x = block(layers.scope("blocks").scope(Integer.toString(block)), x);
        }
        if (pool == Pooling.CLS) {
            Value token = layers.ops().flatten(layers.ops().slice(x, 1, 0, 1, 1), 1); // [N,1,D] → [N,D]
            return layers.layerNorm("norm", token, EPSILON);
        }
        Value mean = layers.globalMean(layers.ops().transpose(x, 0, 2, 1)); // [N,D,T] → [N,D]
        return layers.layerNorm("fc_norm", mean, EPSILON);
    }

    /** [N,C,H,W] → [N,T,D]: a convolution whose windows are the patches. */
    private Value patches(Layers layers, Value pictures) {
        Shape shape = pictures.shape();
        if (shape.size(2) % patchSize != 0 || shape.size(3) % patchSize != 0) {
            throw new SettingException(Messages.imageSize(shape) + " does not fit patches of " + patchSize
                    + " pixels: expected a multiple; choose another `image-size` or `patch-size`");
        }
        Initializer fanIn = Initializer.uniformFanIn(shape.size(1) * patchSize * patchSize);
        Convolution projection =
                Convolution.of(width, patchSize, patchSize).padded(0).starting(fanIn, fanIn);
        Value grid = layers.conv("proj", pictures, projection); // [N,D,H/p,W/p]
        long tokens = grid.shape().size(2) * grid.shape().size(3);
        return layers.ops().transpose(layers.ops().reshape(grid, 0, width, tokens), 0, 2, 1);
    }

    /**
     * [N,T,D] → [N,T,D], or [N,1+T,D] with the class token in front. The token takes no part of the input, so it is added
     * to zeros together with its position: that works for a batch of any size.
     */
    private Value withPositions(Layers layers, Value patches) {
        long tokens = patches.shape().size(1);
        boolean token = pool == Pooling.CLS;
        Shape all = Shape.of(1, token ? tokens + 1 : tokens, width);
        Value positions = layers.parameter("pos_embed", all, Role.EMBEDDING, WEIGHTS);
        if (!token) {
            return layers.ops().add(patches, positions);
        }
        Value cls = layers.parameter("cls_token", Shape.of(1, 1, width), Role.EMBEDDING, Initializer.normal(1e-6));
        Value first = layers.ops().pad(cls, 0, 0, 0, 0, tokens, 0);
        Value shifted = layers.ops().pad(patches, 0, 1, 0, 0, 0, 0);
        return layers.ops().add(shifted, layers.ops().add(positions, first));
    }

    /** x + attention(norm(x)), then the same with two linear layers. [N,T,D] → [N,T,D]. */
    private Value block(Layers layers, Value x) {
        Value attended = layers.attention("attn", layers.layerNorm("norm1", x, EPSILON), heads, WEIGHTS, ZERO);
        Value y = layers.ops().add(x, attended);
        Layers mlp = layers.scope("mlp");
        Value hidden = mlp.linear("fc1", layers.layerNorm("norm2", y, EPSILON), MLP_RATIO * width, WEIGHTS, ZERO);
        Value out = mlp.linear("fc2", mlp.activate(Activation.GELU, hidden), width, WEIGHTS, ZERO);
        return layers.ops().add(y, out);
    }
}
