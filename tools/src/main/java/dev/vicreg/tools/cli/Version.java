package dev.vicreg.tools.cli;

import java.util.Objects;

/** This program's version. */
public final class Version {
    /** The version, as the jar's manifest has it; {@code unpackaged} for classes outside a jar. */
    public static final String TEXT =
            Objects.requireNonNullElse(Version.class.getPackage().getImplementationVersion(), "unpackaged");

    private Version() {}
}
