package dev.vicreg.tools.evaluation.diagnosis;

import dev.vicreg.tools.evaluation.VectorRows;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How vectors fill their space, measured without labels.
 *
 * @param vectors that were measured
 * @param dimension of them
 * @param constantDimensions dimensions that are the same in all vectors, but for float32's rounding
 * @param spectrum how much lies in each direction
 * @param rankMe {@link RankMe}
 * @param alphaReQ {@link AlphaReQ}; NaN with fewer than 10 directions
 * @param uniformity {@link Uniformity}
 * @param spread {@link Spread}
 * @param correlation mean absolute correlation of two dimensions, without constant ones; NaN where fewer than two vary
 */
public record Diagnosis(
        int vectors,
        int dimension,
        int constantDimensions,
        Spectrum spectrum,
        double rankMe,
        double alphaReQ,
        double uniformity,
        double spread,
        double correlation) {
    private static final int MOST_VECTORS = 25_600; // so many the authors of RankMe take
    private static final int MOST_DIMENSIONS = 2048; // in a matrix whose eigenvalues are sought

    /**
     * Measures vectors. Of more than 25,600, or 2,048 where they have more than 2,048 dimensions, as many are drawn,
     * always the same; of more dimensions than vectors the correlation takes at most 2,048, drawn likewise.
     *
     * @param vectors two or more rows of one length
     * @throws IllegalStateException if they aren't, or hold a value that is not finite
     */
    public static Diagnosis of(float[][] vectors) {
        VectorRows.require(vectors, 2);
        int dimension = vectors[0].length;
        float[][] rows = VectorRows.sample(vectors, dimension > MOST_DIMENSIONS ? MOST_DIMENSIONS : MOST_VECTORS);
        boolean wide = rows.length < dimension;
        Covariance covariance = Covariance.of(wide ? someDimensions(rows) : rows);
        Spectrum spectrum = wide ? Spectrum.of(rows) : Spectrum.of(covariance);
        return new Diagnosis(
                rows.length,
                dimension,
                Covariance.constantDimensions(rows),
                spectrum,
                RankMe.of(spectrum),
                AlphaReQ.of(spectrum),
                Uniformity.of(rows),
                Spread.of(rows),
                Correlation.meanAbsolute(covariance));
    }

    /**
     * {@code constant_dimensions}, and unless all vectors are one {@code rankme} and {@code spread}: that part of
     * {@link #figures} which a few vectors tell, in far less time.
     *
     * @param vectors as for {@link #of}
     */
    public static Map<String, Double> brief(float[][] vectors) {
        VectorRows.require(vectors, 2);
        int dimension = vectors[0].length;
        int constant = Covariance.constantDimensions(vectors);
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put("constant_dimensions", (double) constant / dimension);
        if (constant < dimension) {
            figures.put("rankme", RankMe.of(Spectrum.of(vectors)));
            figures.put("spread", Spread.of(vectors));
        }
        return figures;
    }

    private static float[][] someDimensions(float[][] rows) {
        int[] drawn = VectorRows.draw(rows[0].length, MOST_DIMENSIONS);
        float[][] some = new float[rows.length][drawn.length];
        for (int i = 0; i < rows.length; i++) {
            for (int d = 0; d < drawn.length; d++) {
                some[i][d] = rows[i][drawn[d]];
            }
        }
        return some;
    }

    /** Whether all vectors are one, such as zeros: complete collapse. The measures then say nothing. */
    public boolean collapsed() {
        return constantDimensions == dimension;
    }

    /** One line on collapse: that all vectors are one, that some dimensions are constant, or that none is. */
    public String verdict() {
        if (collapsed()) {
            return Collapse.complete(vectors, spectrum.singularValues()[0] == 0);
        }
        return constantDimensions == 0
                ? "no dimension is constant"
                : constantDimensions + " of " + dimension + " dimensions are constant";
    }

    /** For programs: snake case; without measures that are NaN, and with collapse alone where all vectors are one. */
    public Map<String, Double> figures() {
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put("vectors", (double) vectors);
        figures.put("dimensions", (double) dimension);
        figures.put("constant_dimensions", (double) constantDimensions / dimension);
        figures.put("collapsed", collapsed() ? 1.0 : 0.0);
        if (!collapsed()) {
            figures.put("rankme", rankMe);
            figures.put("alpha_req", alphaReQ);
            figures.put("uniformity", uniformity);
            figures.put("spread", spread);
            figures.put("mean_absolute_correlation", correlation);
        }
        figures.values().removeIf(value -> value.isNaN());
        return figures;
    }
}
