package dev.vicreg.training.data.sequence;

import java.util.List;

/**
 * Ids that mean something to views.
 *
 * @param padding fills up short sequences
 * @param mask stands for what is masked
 * @param kept left alone by views, such as those of [CLS] and [SEP]
 */
public record SpecialIds(int padding, int mask, List<Integer> kept) {
    /** Copies the list. */
    public SpecialIds {
        kept = List.copyOf(kept);
    }
}
