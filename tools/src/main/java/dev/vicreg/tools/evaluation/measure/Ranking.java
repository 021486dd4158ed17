package dev.vicreg.tools.evaluation.measure;

import dev.vicreg.tools.evaluation.Retrieval;
import java.util.List;

/** How near samples of a class are to each other among the training samples: {@link Retrieval}. */
record Ranking() implements Measure {
    @Override
    public String name() {
        return "retrieval";
    }

    @Override
    public List<Figure> of(Space space, Labels labels) {
        Retrieval found = Retrieval.of(space.train(), labels.train(), space.test(), labels.test());
        return List.of(
                Figure.share("retrieval_map", "retrieval, mAP", found.map()),
                Figure.share("retrieval_recall_1", "… recall@1", found.recall1()),
                Figure.share("retrieval_recall_5", "… recall@5", found.recall5()),
                Figure.share("retrieval_recall_10", "… recall@10", found.recall10()));
    }
}
