"""Reference figures of probes, by scikit-learn and NumPy in float64: writes probes.json beside it.

python3 probes.py     (Debian's python3-sklearn 1.2.1, NumPy 1.24.2)
"""

import json
import os

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, r2_score
from sklearn.preprocessing import StandardScaler


def rounded(x):
    """Values that float32 holds and that are short in JSON."""
    return np.round(x * 64) / 64


def small(rng, rows, classes):
    """Four columns of different scales, one far from 0, and a constant one."""
    labels = np.arange(rows) % classes
    centres = rng.normal(size=(classes, 4))
    x = (centres[labels] + rng.normal(size=(rows, 4))) * [1, 8, 0.25, 2] + [0, -3, 100, 7]
    return rounded(np.hstack([x, np.full((rows, 1), 0.75)])), labels


def logistic(x, labels, penalty):
    """Weights and biases for rows as they are, and the objective at them."""
    scaler = StandardScaler().fit(x)
    model = LogisticRegression(C=1 / penalty, tol=1e-12, max_iter=100000, multi_class="multinomial")
    z = scaler.transform(x)
    model.fit(z, labels)
    coefficients, intercepts = model.coef_, model.intercept_
    if len(coefficients) == 1:  # of two classes it keeps the second: the first has the same, negative
        coefficients, intercepts = np.vstack([-coefficients, coefficients]), np.hstack([-intercepts, intercepts])
    weights = coefficients / scaler.scale_
    loss = log_loss(labels, model.predict_proba(z), normalize=False)
    return {
        "penalty": penalty,
        "weights": weights.tolist(),
        "bias": (intercepts - weights @ scaler.mean_).tolist(),
        "objective": loss + penalty / 2 * (coefficients**2).sum(),
    }


class Lcg:
    """The generator of the tests: Lcg in the training module's."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (1664525 * self.state + 1013904223) % 2**32
        return self.state / 2**31 - 1


def large():
    """4000 rows of ten classes in 32 columns; see ProbeData.clustered."""
    lcg = Lcg(17)
    centres = [[lcg.next() for _ in range(32)] for _ in range(10)]
    x = np.array([[centres[i % 10][d] + 2 * (lcg.next() + lcg.next()) for d in range(32)] for i in range(4000)])
    return x.astype(np.float32).astype(np.float64), np.arange(4000) % 10


def accuracy(x, labels, penalty):
    scaler = StandardScaler().fit(x[:3000])
    model = LogisticRegression(C=1 / penalty, tol=1e-8, max_iter=10000, multi_class="multinomial")
    model.fit(scaler.transform(x[:3000]), labels[:3000])
    return model.score(scaler.transform(x[3000:]), labels[3000:])


def ridge(x, y, penalty):
    """Of 40 rows; R² on the others."""
    scaler = StandardScaler().fit(x[:40])
    model = Ridge(alpha=penalty, solver="cholesky").fit(scaler.transform(x[:40]), y[:40])
    weights = model.coef_ / scaler.scale_
    return {
        "penalty": penalty,
        "weights": weights.tolist(),
        "bias": float(model.intercept_ - weights @ scaler.mean_),
        "r_squared": r2_score(y[40:], model.predict(scaler.transform(x[40:]))),
    }


def main():
    rng = np.random.default_rng(3)
    golden = {}
    for name, classes in (("two_classes", 2), ("three_classes", 3)):
        x, labels = small(rng, 60, classes)
        golden[name] = {
            "x": x.tolist(),
            "labels": labels.tolist(),
            "fits": [logistic(x, labels, penalty) for penalty in (100, 1, 0.01)],
        }
    x, _ = small(rng, 60, 3)
    y = rounded(x @ [1.5, 0.25, -2, 0.5, 1] + 2 * rng.normal(size=60))
    golden["ridge"] = {"x": x.tolist(), "y": y.tolist(), "fits": [ridge(x, y, penalty) for penalty in (100, 1, 0.01)]}
    x, labels = large()
    golden["accuracies"] = [{"penalty": p, "accuracy": accuracy(x, labels, p)} for p in (1e4, 100, 1, 0.01)]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "probes.json"), "w") as out:
        json.dump(golden, out, indent=1)
        out.write("\n")


main()
