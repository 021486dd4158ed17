/**
 * Pictures as plain RGB bytes: decoding, resampling, conversion from and to {@link java.awt.image.BufferedImage}.
 *
 * <p>Must not know: models, sessions, data sets, augmentation. Uses the JDK alone; formats that the JDK cannot read
 * (WebP, CMYK JPEG) are found through ImageIO's registry when an application has a reader for them on its class path.
 *
 * <p>Read first: {@link dev.vicreg.runtime.picture.Picture}.
 */
@NullMarked
package dev.vicreg.runtime.picture;

import org.jspecify.annotations.NullMarked;
