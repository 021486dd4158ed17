package dev.vicreg.tools.evaluation.measure;

import dev.vicreg.tools.evaluation.diagnosis.Alignment;
import dev.vicreg.tools.evaluation.diagnosis.Lidar;
import java.util.List;

/** What views of the same samples tell without labels: {@link Alignment} and {@link Lidar}. Spaces without views have neither. */
record OfViews() implements Measure {
    @Override
    public String name() {
        return "views";
    }

    @Override
    public Needs needs() {
        return Needs.VIEWS;
    }

    @Override
    public List<Figure> of(Space space, Labels labels) {
        if (space.views().length == 0) {
            return List.of();
        }
        return List.of(
                Figure.number("alignment", "alignment of views, 0 is best", Alignment.of(space.views())),
                Figure.number("lidar", "LiDAR, of " + space.views().length + " samples", Lidar.of(space.views())));
    }
}
