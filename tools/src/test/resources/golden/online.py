"""Reference figures for online.json: NumPy, float64. Run in this folder: python3 online.py"""
import json

import numpy as np

rng = np.random.default_rng(7)
CLASSES, WIDTH, BATCH, STEPS = 3, 5, 8, 6
RATE, BETA1, BETA2, EPS, NORM_EPS, MOMENTUM = 1e-3, 0.9, 0.999, 1e-8, 1e-5, 0.1


def rounded(x):
    return np.round(x, 4)  # exact in the test as in here, but for float32


batches = []
w = np.zeros((CLASSES, WIDTH + 1))
m, v = np.zeros_like(w), np.zeros_like(w)
mean, var = np.zeros(WIDTH), np.ones(WIDTH)
for step in range(1, STEPS + 1):
    y = rng.integers(0, CLASSES, BATCH)
    x = rounded(rng.normal(size=(BATCH, WIDTH)) * [1, 10, 0.1, 3, 1] + y[:, None] + [0, 5, 0, -2, 100])
    batches.append({"x": x.tolist(), "labels": y.tolist()})
    mu, sigma2 = x.mean(0), x.var(0)
    mean = mean + MOMENTUM * (mu - mean)
    var = var + MOMENTUM * (x.var(0, ddof=1) - var)
    rows = np.hstack([(x - mu) / np.sqrt(sigma2 + NORM_EPS), np.ones((BATCH, 1))])
    z = rows @ w.T
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(BATCH), y] -= 1
    g = p.T @ rows / BATCH
    m = BETA1 * m + (1 - BETA1) * g
    v = BETA2 * v + (1 - BETA2) * g * g
    w = w - RATE * (m / (1 - BETA1**step)) / (np.sqrt(v / (1 - BETA2**step)) + EPS)


def advantage(better, worse, samples):
    """Agresti, Min 2005: Wald's interval after adding 0.5 to each cell of the 2x2 table of pairs."""
    n12, n21, n = better + 0.5, worse + 0.5, samples + 2
    d = (n12 - n21) / n
    half = 1.959963984540054 * np.sqrt((n12 + n21) - (n12 - n21) ** 2 / n) / n
    return {"counts": [better, worse, samples], "difference": (better - worse) / samples, "interval": [d - half, d + half]}


json.dump(
    {
        "probe": {
            "batches": batches,
            "parameters": w.tolist(),
            "mean": mean.tolist(),
            "variance": var.tolist(),
        },
        "advantages": [advantage(*c) for c in [(30, 10, 100), (3, 4, 50), (0, 0, 20), (1, 25, 400)]],
    },
    open("online.json", "w"),
)
