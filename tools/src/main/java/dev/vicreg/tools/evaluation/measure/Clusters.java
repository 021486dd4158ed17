package dev.vicreg.tools.evaluation.measure;

import dev.vicreg.tools.evaluation.cluster.KMeans;
import dev.vicreg.tools.evaluation.cluster.Partitions;
import java.util.List;

/** How k-means of the test samples, with as many clusters as classes, agrees with these: {@link KMeans}, {@link Partitions}. */
record Clusters() implements Measure {
    private static final long SEED = 0;

    @Override
    public String name() {
        return "k-means";
    }

    @Override
    public List<Figure> of(Space space, Labels labels) {
        int clusters = Math.min(labels.classes().size(), space.test().length);
        int[] found = KMeans.of(clusters, SEED).cluster(space.test()).labels();
        Partitions agreement = Partitions.compare(labels.test(), found);
        return List.of(
                Figure.number("kmeans_nmi", "k-means, NMI", agreement.nmi()),
                Figure.number("kmeans_ari", "k-means, ARI", agreement.ari()));
    }
}
