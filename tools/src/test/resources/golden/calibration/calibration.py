"""Temperature scaling and expected calibration error of made-up logits, in float64.

The temperature is scipy's bounded minimum of the mean negative log likelihood (Guo et al. 2017, section 4.2). The error
is written as in the paper's section 2, with 15 bins (lower, upper] of equal width, as the authors' reference
implementation has them (_ECELoss of https://github.com/gpleiss/temperature_scaling).
"""

import json
import sys

import numpy
import scipy
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

BINS = 15


def nll(logits, labels, temperature):
    return -log_softmax(logits / temperature, axis=1)[numpy.arange(len(labels)), labels].mean()


def ece(logits, labels, temperature):
    probabilities = softmax(logits / temperature, axis=1)
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    edges = numpy.linspace(0, 1, BINS + 1)
    error = 0.0
    for lower, upper in zip(edges[:-1], edges[1:]):
        inside = (confidence > lower) & (confidence <= upper)
        if inside.any():
            error += abs(confidence[inside].mean() - right[inside].mean()) * inside.mean()
    return error


def case(random, samples, classes, scale):
    truth = random.normal(size=(samples, classes)) * 1.5
    labels = numpy.array([random.choice(classes, p=softmax(row)) for row in truth])
    logits = (truth * scale).round(4)
    found = minimize_scalar(
        lambda t: nll(logits, labels, t), bounds=(0.05, 20), method="bounded", options={"xatol": 1e-10})
    return {
        "logits": logits.tolist(),
        "labels": labels.tolist(),
        "accuracy": float((logits.argmax(axis=1) == labels).mean()),
        "temperature": float(found.x),
        "error": ece(logits, labels, 1.0),
        "calibrated_error": ece(logits, labels, found.x),
    }


random = numpy.random.default_rng(0)
cases = {
    "too-sure": case(random, 60, 4, 3.0),
    "too-unsure": case(random, 60, 3, 0.4),
    "two-classes": case(random, 40, 2, 1.0),
}
json.dump({"numpy": numpy.__version__, "scipy": scipy.__version__, "cases": cases}, sys.stdout)
print()
