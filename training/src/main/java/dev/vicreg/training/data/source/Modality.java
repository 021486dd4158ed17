package dev.vicreg.training.data.source;

import java.util.Locale;

/** What samples are. */
public enum Modality {
    /** Pictures of any size. */
    PICTURES,
    /** Rows of a table, every one with a value in each column. */
    VECTORS,
    /** Recordings and other series of one or more channels. */
    SIGNALS,
    /** Texts, and other sequences of ids. */
    SEQUENCES;

    /** In messages. */
    public String noun() {
        return name().toLowerCase(Locale.ROOT);
    }
}
