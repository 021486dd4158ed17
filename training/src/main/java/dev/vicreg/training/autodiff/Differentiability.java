package dev.vicreg.training.autodiff;

import dev.vicreg.models.graph.OpType;
import java.util.Optional;

/**
 * Whether gradients flow through an operator, as the table of rules has it.
 *
 * @param reason why not; empty for a ruled operator
 */
public record Differentiability(Kind kind, String reason) {
    /** The three sets, of which every operator is in exactly one. */
    public enum Kind {
        /** There is a gradient rule. */
        RULED("ruled"),
        /** No gradient flows through it by its nature: what is trained before it needs another way to the loss. */
        NO_GRADIENT("no gradient"),
        /** It has a gradient, but none is known here. */
        UNSUPPORTED("unsupported");

        private final String text;

        Kind(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /** That of an operator. */
    public static Differentiability of(OpType op) {
        if (GradientRules.of(op).isPresent()) {
            return new Differentiability(Kind.RULED, "");
        }
        Optional<String> without = GradientRules.without(op);
        return without.map(reason -> new Differentiability(Kind.NO_GRADIENT, reason))
                .orElseGet(() -> new Differentiability(
                        Kind.UNSUPPORTED, GradientRules.unsupported(op).orElse("it has no gradient rule")));
    }
}
