/**
 * What an exported encoder takes, one record for each kind of data: how files are decoded, how samples are brought to one
 * form, and how those are laid out in a batch.
 *
 * <p>Must not know sessions' settings, the manifest's JSON, training or the command line. Read
 * {@link dev.vicreg.runtime.input.Input} first.
 */
@NullMarked
package dev.vicreg.runtime.input;

import org.jspecify.annotations.NullMarked;
