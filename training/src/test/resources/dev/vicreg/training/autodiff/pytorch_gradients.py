"""Computes the reference gradients of GoldenGradientsTest with PyTorch in float64: at kinks, ties and zeros, and for
inputs up to 1e3 and down to 1e-3. usage: python pytorch_gradients.py (writes pytorch-gradients.json beside itself)"""
import json
import os

import torch
from torch.nn import functional as F

CASES = []
# Both sides of every kink and the kinks themselves; magnitudes at which exp overflows in float32.
POINTS = [-1000, -100, -30, -3, -2.5, -1, -1e-3, 0, 1e-3, 0.5, 1, 2.5, 3, 6, 30, 100, 1000]


def case(name, op, function, *inputs, attributes=None, longs=None):
    """One application of an ONNX operator, whose float inputs come first; `longs` is its integer input."""
    x = [torch.tensor(i, dtype=torch.float32).double().requires_grad_() for i in inputs]
    y = function(*x)
    upstream = torch.tensor([(i * 7 % 5 - 2) / 2 + 0.25 for i in range(y.numel())], dtype=torch.float64).reshape(y.shape)
    y.backward(upstream)
    assert torch.isfinite(y).all() and all(torch.isfinite(i.grad).all() for i in x), name
    CASES.append({
        "name": name, "op": op, "attributes": attributes or {}, "longs": longs,
        "inputs": [{"shape": list(i.shape), "values": i.flatten().tolist()} for i in x],
        "upstream": upstream.flatten().tolist(),
        "output": y.flatten().tolist(),
        "gradients": [i.grad.flatten().tolist() for i in x]})


def points(op, function, without=(), name="points", **attributes):
    case(name, op, function, [p for p in POINTS if p not in without], attributes=attributes)


points("Abs", torch.abs)
points("Cos", torch.cos)
points("Elu", F.elu)
points("Elu", lambda x: F.elu(x, 0.7), name="alpha", alpha=0.7)
points("Erf", torch.erf)
points("Exp", torch.exp, without=(100, 1000))
points("Gelu", F.gelu)
points("Gelu", lambda x: F.gelu(x, approximate="tanh"), name="tanh", approximate="tanh")
points("HardSigmoid", F.hardsigmoid, alpha=1 / 6)
points("HardSwish", F.hardswish)
points("LeakyRelu", F.leaky_relu)
points("Mish", F.mish)
points("Reciprocal", torch.reciprocal, without=(0,))
points("Relu", F.relu)
points("Selu", F.selu)
points("Sigmoid", torch.sigmoid)
points("Sign", torch.sign)
points("Sin", torch.sin)
points("Softplus", F.softplus)
points("Softsign", F.softsign)
points("Sqrt", torch.sqrt, without=[p for p in POINTS if p <= 0])
points("Log", torch.log, without=[p for p in POINTS if p <= 0])
points("Tanh", torch.tanh)
points("Tan", torch.tan)

case("on the bounds", "Clip", lambda x, low, high: x.clamp(low.item(), high.item()) + 0 * (low + high), POINTS, -1.0, 3.0)
case("kink", "PRelu", torch.prelu, [[p, 2.0] for p in POINTS], [0.3, -0.2])
BASES = [[0.0, 1e-3, 0.5, 1.0, 30.0]] * 4
case("zero bases and exponents", "Pow", torch.pow, BASES, [[0.0], [1.0], [2.0], [3.5]])
case("two equal", "Max", torch.maximum, [1.0, 2.0, 3.0, -1e3], [1.0, 3.0, 2.0, -1e3])
case("two equal", "Min", torch.minimum, [1.0, 2.0, 3.0, 1e3], [1.0, 3.0, 2.0, 1e3])
case("three equal", "Max", lambda *x: torch.stack(x).amax(0), [1.0, 2.0, 3.0], [1.0, 3.0, 3.0], [1.0, 3.0, 2.0])

ROWS = [[1000.0, 999.0, -1000.0, 0.0], [1e-3, 2e-3, 0.0, -1e-3], [-1e3, -1e3, -1e3, -1e3]]
case("large", "Softmax", lambda x: x.softmax(-1), ROWS)
case("large, first axis", "Softmax", lambda x: x.softmax(0), ROWS, attributes={"axis": 0})
case("large", "LogSoftmax", lambda x: x.log_softmax(-1), ROWS)
case("large", "ReduceLogSumExp", lambda x: x.logsumexp(1, True), ROWS, longs=[1])
case("large", "ReduceLogSumExp", lambda x: x.logsumexp((0, 1)), ROWS, attributes={"keepdims": 0})
ZEROS = [[0.0, 0.0, 0.0], [3.0, 0.0, -4.0], [1e-3, -1e-3, 0.0], [0.0, 1e3, 0.0]]
case("zero rows", "ReduceL2", lambda x: torch.linalg.vector_norm(x, dim=1), ZEROS, attributes={"keepdims": 0}, longs=[1])
case("zero rows", "ReduceL1", lambda x: torch.linalg.vector_norm(x, 1, dim=1), ZEROS, attributes={"keepdims": 0}, longs=[-1])
case("zeros", "ReduceSumSquare", lambda x: x.square().sum(0, True), ZEROS, longs=[0])
case("positive", "ReduceLogSum", lambda x: x.sum(1, True).log(), [[1e-3, 2e-3], [1e3, 5.0]], longs=[1])
PRODUCTS = [[2.0, 0.0, 3.0], [0.0, 0.0, 5.0], [1.0, 2.0, 3.0], [0.0, 0.0, 0.0], [1e-3, 1e3, -30.0]]
case("zeros", "ReduceProd", lambda x: x.prod(1), PRODUCTS, attributes={"keepdims": 0}, longs=[1])
case("one zero of all", "ReduceProd", torch.prod, [2.0, 0.0, 3.0, -1.5], attributes={"keepdims": 0})
TIES = [[1.0, 3.0, 3.0, -2.0], [5.0, 5.0, 5.0, 5.0], [0.0, -1e3, 1e3, 1e3]]
case("ties", "ReduceMax", lambda x: x.amax(1), TIES, attributes={"keepdims": 0}, longs=[1])
case("ties", "ReduceMin", lambda x: x.amin((0, 1), True), TIES, longs=[0, 1])
case("both axes", "ReduceMean", lambda x: x.mean((0, 1), True), TIES)
case("exclusive, reverse", "CumSum", lambda x: x.flip(1).cumsum(1).flip(1) - x, ROWS,
     attributes={"exclusive": 1, "reverse": 1}, longs=[1])
case("smallest", "TopK", lambda x: x.topk(2, 0, False)[0], [[1.0, 4.0], [3.0, -2.0], [2.0, 1e3]],
     attributes={"axis": 0, "largest": 0}, longs=[2])

here = os.path.dirname(os.path.abspath(__file__))
with open(f"{here}/pytorch-gradients.json", "w") as file:
    lines = ",\n".join(json.dumps(each) for each in CASES)
    file.write(f'{{"pytorch": "{torch.__version__}", "cases": [\n{lines}\n]}}\n')
