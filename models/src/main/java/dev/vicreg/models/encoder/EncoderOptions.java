package dev.vicreg.models.encoder;

import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Settings that only some encoders take; null where the encoder's own default holds.
 *
 * @param stem {@code small}, {@code strided} or {@code imagenet}: see {@link ResNet.Stem}
 * @param zeroInitResidual whether residual blocks start as their shortcut
 * @param patchSize side of a patch in pixels
 * @param pool {@code cls} or {@code mean}: see {@link VisionTransformer.Pool}
 * @param depth number of layers
 */
public record EncoderOptions(
        @Nullable String stem,
        @Nullable Boolean zeroInitResidual,
        @Nullable Integer patchSize,
        @Nullable String pool,
        @Nullable Integer depth) {
    /** The settings' names. */
    public enum Name {
        STEM,
        ZERO_INIT_RESIDUAL,
        PATCH_SIZE,
        POOL,
        DEPTH;

        /** As the command line has it. */
        public String optionName() {
            return Messages.optionName(this);
        }
    }

    /** All by default. */
    public static final EncoderOptions NONE = new EncoderOptions(null, null, null, null, null);

    /** The same with a stem. */
    public EncoderOptions withStem(String name) {
        return new EncoderOptions(name, zeroInitResidual, patchSize, pool, depth);
    }

    /** The same with residual blocks that start as their shortcut, or not. */
    public EncoderOptions withZeroInitResidual(boolean on) {
        return new EncoderOptions(stem, on, patchSize, pool, depth);
    }

    /** The same with a patch size. */
    public EncoderOptions withPatchSize(int pixels) {
        return new EncoderOptions(stem, zeroInitResidual, pixels, pool, depth);
    }

    /** The same with a pool. */
    public EncoderOptions withPool(String name) {
        return new EncoderOptions(stem, zeroInitResidual, patchSize, name, depth);
    }

    /** The same with a number of layers. */
    public EncoderOptions withDepth(int layers) {
        return new EncoderOptions(stem, zeroInitResidual, patchSize, pool, layers);
    }

    /** Those that are not left to the encoder. */
    public Set<Name> given() {
        Set<Name> given = EnumSet.allOf(Name.class);
        given.removeIf(name -> value(name) == null);
        return given;
    }

    private @Nullable Object value(Name name) {
        return switch (name) {
            case STEM -> stem;
            case ZERO_INIT_RESIDUAL -> zeroInitResidual;
            case PATCH_SIZE -> patchSize;
            case POOL -> pool;
            case DEPTH -> depth;
        };
    }

    /** These without those that are not among {@code names}. */
    public EncoderOptions only(Set<Name> names) {
        return new EncoderOptions(
                names.contains(Name.STEM) ? stem : null,
                names.contains(Name.ZERO_INIT_RESIDUAL) ? zeroInitResidual : null,
                names.contains(Name.PATCH_SIZE) ? patchSize : null,
                names.contains(Name.POOL) ? pool : null,
                names.contains(Name.DEPTH) ? depth : null);
    }
}
