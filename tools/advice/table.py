"""Rank correlation of each measure with kNN, and what following it costs: table.py SET=advice.json …"""
import json
import sys

import numpy as np
from scipy.stats import rankdata, spearmanr

MEASURES = {
    "score": lambda f: rankdata(f("consensus")) + rankdata(f("raw_agreement")),
    "consensus": lambda f: f("consensus"),
    "raw agreement": lambda f: f("raw_agreement"),
    "RankMe": lambda f: f("rankme"),
    "LiDAR, own views": lambda f: f("own_lidar"),
    "LiDAR, the same views": lambda f: f("same_lidar"),
    "alpha-ReQ, nearness to 1": lambda f: -abs(f("alpha_req") - 1),
    "alignment, the same views": lambda f: -f("same_alignment"),
    "uniformity": lambda f: -f("uniformity"),
    "spread": lambda f: f("spread"),
    "correlation of dimensions": lambda f: -f("mean_absolute_correlation"),
}


def advised(f):
    """The first candidate, unless others are as good by both figures: the score, where it counts."""
    both = np.array([f("consensus"), f("raw_agreement")])
    return np.where((both >= both[:, :1]).all(0), MEASURES["score"](f), 0)


def loss(knn, score):
    return 100 * (knn.max() - knn[np.argmax(score)])


rows, losses, names = {m: [] for m in MEASURES}, {m: [] for m in MEASURES}, []
print("| set | raw | usual views | without what is strange | advised | best | worst |\n|---|---|---|---|---|---|---|")
for argument in sys.argv[1:]:
    name, file = argument.split("=")
    with open(file) as f:
        tried = json.load(f)["tried"]
    tried.sort(key=lambda t: (t["name"] not in ("fitting", "usual"), t["name"] != "fitting"))
    order = {t["name"]: i for i, t in enumerate(tried)}
    knn = np.array([t["figures"]["knn"] for t in tried])
    names.append(name)
    for measure, of in MEASURES.items():
        score = of(lambda key: np.array([t["figures"][key] for t in tried]))
        rows[measure].append(spearmanr(score, knn)[0])
        losses[measure].append(loss(knn, score))
    score = advised(lambda key: np.array([t["figures"][key] for t in tried]))
    losses.setdefault("advised", []).append(loss(knn, score))
    first = knn[order["fitting"]] if "fitting" in order else knn[order["usual"]]
    cells = [tried[0]["figures"]["raw_knn"], knn[order["usual"]], first, knn[np.argmax(score)], knn.max(), knn.min()]
    print(f"| {name} | " + " | ".join(f"{100 * c:.1f}" for c in cells) + " |")
print("\n| measure | " + " | ".join(names) + " | mean | lost, mean | lost, most |\n|" + "---|" * (len(names) + 4))
rows["advised"] = []
for measure, values in rows.items():
    print(f"| {measure} | " + " | ".join(f"{v:.2f}" for v in values or [np.nan]) + f" | {np.mean(values or [np.nan]):.2f} | "
          f"{np.mean(losses[measure]):.1f} | {max(losses[measure]):.1f} |")
