/**
 * Serves exported encoders and classifiers over HTTP: Open Inference Protocol v2, OpenAI's embeddings, and routes of our
 * own that take files as they are.
 *
 * <p>Knows {@code runtime} alone, and neither training nor the command line; Jetty carries the requests, and only {@code
 * InferenceServer}, {@code Front}, {@code BodyReader}, {@code Uploads} and what keeps connections in time know it.
 *
 * <p>Read {@link dev.vicreg.serve.InferenceServer} first, then {@code Front}, {@code Routes} and {@code Embedding}.
 */
@NullMarked
package dev.vicreg.serve;

import org.jspecify.annotations.NullMarked;
