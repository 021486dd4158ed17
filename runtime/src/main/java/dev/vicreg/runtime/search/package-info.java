/**
 * An index of vectors in a file, and what in it is nearest to a vector. {@code io.github.jbellis:jvector} is optional, for
 * large ones.
 *
 * <p>Must not know how samples are decoded or embedded. Read {@link dev.vicreg.runtime.search.SearchIndex} first, then {@code
 * IndexFile} for the format.
 */
@NullMarked
package dev.vicreg.runtime.search;

import org.jspecify.annotations.NullMarked;
