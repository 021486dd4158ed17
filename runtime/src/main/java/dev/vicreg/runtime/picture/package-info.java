/**
 * Pictures as plain bytes, RGB or of other channels: decoding, resampling, conversion from and to {@link java.awt.image.BufferedImage}.
 *
 * <p>Must not know: models, sessions, data sets, augmentation. Uses the JDK alone; readers for formats
 * that the JDK does not know, such as WebP, are found through ImageIO's registry when they are on the class path.
 *
 * <p>Read first: {@link dev.vicreg.runtime.picture.Picture}.
 */
@NullMarked
package dev.vicreg.runtime.picture;

import org.jspecify.annotations.NullMarked;
