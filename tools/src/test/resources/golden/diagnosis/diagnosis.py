"""Writes diagnosis.json: measures of vectors in float64 by NumPy, SciPy and scikit-learn. See README.md."""
import json
import os
import re
from itertools import combinations

import numpy as np
from scipy.spatial.distance import pdist
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, average_precision_score, normalized_mutual_info_score


class Lcg:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (1664525 * self.state + 1013904223) % 2**32
        return self.state / 2**31 - 1


def vectors(rows, dimension, seed):
    """Dimensions that decay, that hold half of the one before, and that aren't centred; float32."""
    lcg = Lcg(seed)
    x = np.empty((rows, dimension))
    for i in range(rows):
        before = 0.0
        for d in range(dimension):
            before = lcg.next() / (d + 1) + 0.5 * before
            x[i, d] = before + 0.25
    return x.astype(np.float32).astype(np.float64)


def blobs(rows, dimension, classes, noise, seed):
    """Class i % classes about a centre of its own; float32."""
    lcg = Lcg(seed)
    centres = [[lcg.next() for _ in range(dimension)] for _ in range(classes)]
    x = np.array([[centres[i % classes][d] + noise * lcg.next() for d in range(dimension)] for i in range(rows)])
    return x.astype(np.float32).astype(np.float64)


def views(samples, each, dimension, seed):
    """Views about their sample: rows of vectors() plus a tenth of others; float32."""
    base = vectors(samples, dimension, seed)
    noise = vectors(samples * each, dimension, seed + 1).reshape(samples, each, dimension)
    return (base[:, None] + 0.1 * noise).astype(np.float32).astype(np.float64)


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def effective_rank(values, epsilon):
    p = values / values.sum() + epsilon
    return float(np.exp(-(p * np.log(p)).sum()))


def alpha_req(x):
    """Weighted fit over the 6th to 100th eigenvalue; polyfit weighs residuals, not their squares."""
    eigenvalues = PCA(svd_solver="full").fit(x).explained_variance_
    eigenvalues = eigenvalues[eigenvalues > 1e-12 * eigenvalues[0]]
    i = np.arange(6, min(100, len(eigenvalues)) + 1)
    return float(-np.polyfit(np.log(i), np.log(eigenvalues[i - 1]), 1, w=np.sqrt(1 / i))[0])


def correlation(x):
    c = np.corrcoef(x[:, x.std(axis=0) > 0], rowvar=False)
    return float(np.abs(c[np.triu_indices_from(c, 1)]).mean())


def diagnosis(x):
    return {
        "singular_values": np.linalg.svd(x, compute_uv=False)[:5].tolist(),
        "eigenvalues": PCA(svd_solver="full").fit(x).explained_variance_[:5].tolist(),
        "rankme": effective_rank(np.linalg.svd(x, compute_uv=False), 1e-7),
        "alpha_req": alpha_req(x),
        "uniformity": float(np.log(np.exp(-2 * pdist(unit(x)) ** 2).mean())),
        "spread": float(unit(x).std(axis=0).mean() * np.sqrt(x.shape[1])),
        "mean_absolute_correlation": correlation(x),
    }


def lidar(x):
    n, q, d = x.shape
    means = x.mean(axis=1)
    centred = means - means.mean(axis=0)
    between = centred.T @ centred / (n - 1)
    residuals = (x - means[:, None]).reshape(-1, d)
    within = residuals.T @ residuals / (n * (q - 1)) + 1e-4 * np.eye(d)
    values, directions = np.linalg.eigh(within)
    root = directions @ np.diag(values**-0.5) @ directions.T
    return effective_rank(np.clip(np.linalg.eigvalsh(root @ between @ root), 0, None), 1e-8)


def alignment(x):
    x = unit(x)
    pairs = combinations(range(x.shape[1]), 2)
    return float(np.mean([(np.linalg.norm(x[:, i] - x[:, j], axis=1) ** 2).mean() for i, j in pairs]))


def kmeans(x, clusters):
    found = KMeans(clusters, n_init=20, random_state=0, tol=0, max_iter=1000).fit(x)
    return {"inertia": float(found.inertia_), "labels": found.labels_.tolist()}


def partitions(a, b):
    return {"a": a, "b": b, "nmi": float(normalized_mutual_info_score(a, b)), "ari": float(adjusted_rand_score(a, b))}


def retrieval(bank, bank_labels, queries, query_labels):
    cosines = unit(queries) @ unit(bank).T
    precision, recall = [], {1: [], 5: [], 10: []}
    for row, label in zip(cosines, query_labels):
        own = bank_labels == label
        if own.any():
            precision.append(average_precision_score(own, row))
            ranked = own[np.argsort(-row)]
            for k, hits in recall.items():
                hits.append(ranked[:k].any())
    figures = {"queries": len(precision), "left_out": len(queries) - len(precision), "map": float(np.mean(precision))}
    return figures | {f"recall_at_{k}": float(np.mean(hits)) for k, hits in recall.items()}


def labels(count, parts, seed):
    lcg = Lcg(seed)
    return [int((lcg.next() + 1) / 2 * parts) for _ in range(count)]


def main():
    dead = vectors(60, 16, 5)
    dead[:, 3] = 0
    dead[:, 9] = 2.5
    shifted = [(label + (i % 5 == 0)) % 4 for i, label in enumerate(labels(50, 4, 21))]
    queries = blobs(25, 8, 5, 1.5, 17)
    query_labels = np.arange(25) % 5
    query_labels[query_labels == 4] = 9  # which the bank doesn't have
    golden = {
        "diagnosis": {
            "tall": diagnosis(vectors(300, 24, 1)),
            "wide": diagnosis(vectors(20, 40, 2)),
            "long": diagnosis(vectors(400, 128, 3)),
            "dead": diagnosis(dead),
        },
        "views": {
            name: {"lidar": lidar(x), "alignment": alignment(x)}
            for name, x in {"many": views(30, 4, 12, 6), "few": views(6, 3, 16, 8)}.items()
        },
        "kmeans": {
            "unit": kmeans(unit(blobs(90, 6, 4, 0.6, 12)), 4),
            "raw": kmeans(blobs(90, 6, 4, 0.6, 12), 4),
        },
        "partitions": [
            partitions(labels(50, 4, 21), shifted),
            partitions(labels(50, 4, 21), labels(50, 7, 22)),
            partitions([0, 0, 1, 1, 2], [7, 7, -3, -3, 1]),
            partitions([0, 0, 0, 0], [1, 1, 1, 1]),
            partitions([0, 0, 0, 0], [0, 1, 2, 3]),
            partitions([0, 0, 1, 1], [0, 1, 0, 1]),
        ],
        "retrieval": retrieval(blobs(60, 8, 4, 1.5, 15), np.arange(60) % 4, queries, query_labels),
    }
    with open(os.path.join(os.path.dirname(__file__), "diagnosis.json"), "w") as out:
        out.write(re.sub(r"\[([-\d.,\s]+)\]", lambda m: f"[{' '.join(m[1].split())}]", json.dumps(golden, indent=1)) + "\n")


main()
