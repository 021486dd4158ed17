"""Writes rank-correlation.json: Spearman's rank correlation by SciPy, in float64. See README.md."""
import json
import os

from scipy.stats import spearmanr

PAIRS = {
    "distinct": ([3.5, 1.0, 2.25, 9.0, 4.0, -1.0], [0.2, 0.1, 0.9, 0.8, 0.3, 0.05]),
    "ties": ([0.9, 0.9, 0.5, 0.7, 0.5, 0.5, 0.1], [12.0, 11.0, 11.0, 3.0, 4.0, 11.0, 5.0]),
    "reversed": ([1.0, 2.0, 3.0], [5.0, 4.0, 1.0]),
}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "rank-correlation.json"), "w") as f:
    json.dump({k: {"a": a, "b": b, "rho": float(spearmanr(a, b)[0])} for k, (a, b) in PAIRS.items()}, f, indent=1)
    f.write("\n")
