/**
 * From a checkpoint to an encoder that serves alone: parameters bound, projector cut off, batch norms folded, verified
 * against the evaluation graph, published complete or not at all.
 *
 * <p>Does not know augmentation, the training loop or the command line; of training it knows the files of a run. Read
 * {@link dev.vicreg.export.EncoderExport} first, and {@link dev.vicreg.export.VariantExport} for what is made of its files.
 */
@NullMarked
package dev.vicreg.export;

import org.jspecify.annotations.NullMarked;
