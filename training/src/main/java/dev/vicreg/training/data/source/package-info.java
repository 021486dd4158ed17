/**
 * Where samples come from: folders, archives and single files, which of their samples are used, and how they are
 * read.
 *
 * <p>Must not know kinds of data, views, graphs or the command line. Read {@link dev.vicreg.training.data.source.SampleSource} first.
 */
@NullMarked
package dev.vicreg.training.data.source;

import org.jspecify.annotations.NullMarked;
