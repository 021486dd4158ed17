/**
 * Where samples come from, and which of them are used.
 *
 * <p>A user names {@link dev.vicreg.training.data.source.DataFiles}: a folder, an archive, a file, or a part of one. They
 * consist of a {@link dev.vicreg.training.data.source.DataFile} each. What is in them are
 * {@link dev.vicreg.training.data.source.Samples}; where every file is one, {@link dev.vicreg.training.data.source.FileSamples}.
 * A {@link dev.vicreg.training.data.source.Dataset} has those of them that are used:
 * {@link dev.vicreg.training.data.source.SelectedSamples} makes one of any samples.
 *
 * <p>Must not know kinds of data, views, graphs or the command line.
 */
@NullMarked
package dev.vicreg.training.data.source;

import org.jspecify.annotations.NullMarked;
