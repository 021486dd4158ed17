package dev.vicreg.tools.evaluation.measure;

import dev.vicreg.tools.evaluation.diagnosis.Diagnosis;
import java.util.ArrayList;
import java.util.List;

/** What vectors of the test samples tell without labels: {@link Diagnosis}. Vectors that are all one have no other figure than that. */
record LabelFree() implements Measure {
    @Override
    public String name() {
        return "label-free";
    }

    @Override
    public Needs needs() {
        return Needs.NOTHING;
    }

    @Override
    public List<Figure> of(Space space, Labels labels) {
        Diagnosis diagnosis = Diagnosis.of(space.test());
        List<Figure> figures = new ArrayList<>();
        figures.add(Figure.share(
                "constant_dimensions",
                "constant dimensions",
                (double) diagnosis.constantDimensions() / diagnosis.dimension()));
        if (diagnosis.collapsed()) {
            return figures;
        }
        figures.add(Figure.number("rankme", "RankMe, of " + diagnosis.dimension(), diagnosis.rankMe()));
        figures.add(Figure.number("alpha_req", "α-ReQ", diagnosis.alphaReQ()));
        figures.add(Figure.number("uniformity", "uniformity", diagnosis.uniformity()));
        figures.add(Figure.number("spread", "spread of directions, 0 to 1", diagnosis.spread()));
        figures.add(Figure.number("mean_absolute_correlation", "mean absolute correlation", diagnosis.correlation()));
        figures.removeIf(figure -> Double.isNaN(figure.value()));
        return figures;
    }
}
