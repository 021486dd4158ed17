package dev.vicreg.models.ops;

import dev.vicreg.models.graph.Attributes;

/**
 * Nodes that write in place and must not run unless a condition holds: in a file they stand in the branch of an If, which
 * reads and writes the tensors around it. Such a file isn't read back, since its condition is not constant.
 */
public final class ConditionalWrite {
    /** Names the input that is the condition. Not an attribute of any operator: it doesn't reach the file. */
    public static final String ATTRIBUTE = "vicreg.only_if";

    private ConditionalWrite() {}

    /**
     * The attributes of a node that runs only where one of its inputs is true. Of its outputs none but the first may be
     * read, and that says only that the node was reached: it is negated, or zero where the node didn't run.
     *
     * @param condition index of the input, a boolean of one element
     */
    public static Attributes on(Attributes attributes, int condition) {
        return attributes.with(ATTRIBUTE, (long) condition);
    }
}
