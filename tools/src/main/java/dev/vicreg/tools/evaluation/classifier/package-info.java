/**
 * From the embeddings of labelled samples to a head, its temperature and its figures.
 *
 * <p>Knows no command line. First class to read: {@link dev.vicreg.tools.evaluation.classifier.ClassifierFit}.
 */
@NullMarked
package dev.vicreg.tools.evaluation.classifier;

import org.jspecify.annotations.NullMarked;
