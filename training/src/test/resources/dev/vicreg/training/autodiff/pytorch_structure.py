"""Computes the reference outputs and gradients of GoldenStructureTest with PyTorch in float64: resizes, borders, and
places that are read or written more than once. usage: python pytorch_structure.py (writes pytorch-structure.json beside
itself)"""
import json
import os

import torch
from torch.nn import functional as F

CASES = []
generator = torch.Generator().manual_seed(5)


def random(*shape):
    return torch.randint(-64, 65, shape, generator=generator).double() / 32


def longs(*values):
    """An integer operand."""
    tensor = torch.tensor(values)
    return {"shape": list(tensor.shape), "longs": tensor.flatten().tolist()}


def floats(*values):
    """A real operand that is not differentiated."""
    return {"shape": [len(values)], "floats": list(values)}


def case(name, op, function, shapes, *operands, **attributes):
    """An ONNX operator and the same in PyTorch. Operands are the operator's: a number stands for one of the
    differentiated inputs, which are of the given shapes; None is left out."""
    x = [random(*shape).requires_grad_() for shape in shapes]
    y = function(*x)
    upstream = random(*y.shape)
    y.backward(upstream)
    CASES.append({
        "name": name, "op": op, "attributes": attributes, "operands": operands,
        "inputs": [{"shape": list(i.shape), "values": i.flatten().tolist()} for i in x],
        "upstream": upstream.flatten().tolist(),
        "output": y.flatten().tolist(),
        "gradients": [i.grad.flatten().tolist() for i in x]})


def resize(name, mode, attributes, shape, size=None, scale=None, corners=None):
    operands = [0, None, None, longs(*shape[:2], *size)] if size else [0, None, floats(1, 1, *scale)]
    case(name, "Resize", lambda x: F.interpolate(x, size, scale, mode, corners), [shape], *operands, **attributes)


LINEAR = {"mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"}
HALF = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
CORNERS = {"mode": "linear", "coordinate_transformation_mode": "align_corners"}
NEAREST = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
EXACT = {"mode": "nearest", "coordinate_transformation_mode": "half_pixel", "nearest_mode": "round_prefer_ceil"}
resize("bilinear, doubled", "bilinear", LINEAR, (2, 2, 3, 4), scale=(2.0, 2.0), corners=False)
resize("bilinear, odd sizes", "bilinear", LINEAR, (1, 2, 5, 7), size=(7, 3), corners=False)
resize("bilinear, given scales", "bilinear", LINEAR, (1, 2, 5, 7), scale=(1.5, 0.75), corners=False)
resize("bilinear to one", "bilinear", HALF, (1, 2, 5, 4), size=(1, 1), corners=False)
resize("bilinear, corners aligned", "bilinear", CORNERS, (1, 2, 5, 7), size=(8, 3), corners=True)
resize("linear", "linear", LINEAR, (2, 3, 6), size=(11,), corners=False)
resize("trilinear", "trilinear", LINEAR, (1, 2, 2, 3, 4), size=(3, 5, 2), corners=False)
resize("nearest, doubled", "nearest", NEAREST, (2, 2, 3, 4), scale=(2.0, 2.0))
resize("nearest, odd sizes", "nearest", NEAREST, (1, 2, 5, 7), size=(8, 3))
resize("nearest, given scales", "nearest", NEAREST, (1, 2, 5, 7), scale=(2.5, 0.5))
resize("nearest-exact, odd sizes", "nearest-exact", EXACT, (1, 2, 5, 7), size=(8, 3))
resize("nearest-exact, halved", "nearest-exact", EXACT, (1, 2, 4, 6), scale=(0.5, 0.5))

case("reflect", "Pad", lambda x: F.pad(x, (3, 2, 1, 4), "reflect"), [(1, 2, 5, 4)],
     0, longs(0, 0, 1, 3, 0, 0, 4, 2), mode="reflect")
case("edge", "Pad", lambda x: F.pad(x, (3, 2, 1, 0), "replicate"), [(1, 2, 3, 4)],
     0, longs(0, 0, 1, 3, 0, 0, 0, 2), mode="edge")
case("wrap", "Pad", lambda x: F.pad(x, (3, 2, 1, 3), "circular"), [(1, 2, 3, 4)],
     0, longs(0, 0, 1, 3, 0, 0, 3, 2), mode="wrap")
case("cut off", "Pad", lambda x: F.pad(x, (-1, 2, 0, -2)), [(4, 3)], 0, longs(0, -1, -2, 2))

case("an embedding, repeated", "Gather", lambda x: F.embedding(torch.tensor([[3, 1, 3], [0, 3, 1]]), x), [(5, 4)],
     0, longs([3, 1, 3], [0, 3, 1]))
case("middle axis, from the back", "Gather", lambda x: x[:, [-1, 0, 2, -1]], [(2, 3, 4)],
     0, longs(-1, 0, 2, -1), axis=1)
case("repeated", "GatherElements", lambda x: x.gather(1, torch.tensor([[0, 0, 2, 0], [1, 1, 1, 2]])), [(2, 3)],
     0, longs([0, 0, 2, 0], [1, 1, 1, 2]), axis=1)
PLACES = torch.tensor([[[1, 0], [1, 0], [-1, 2]], [[0, 3], [2, 1], [0, 3]]])
case("batched, repeated", "GatherND",
     lambda x: x[torch.arange(2)[:, None], PLACES[..., 0], PLACES[..., 1]], [(2, 3, 4, 2)],
     0, longs(*PLACES.tolist()), batch_dims=1)
case("adding, repeated", "ScatterElements",
     lambda x, u: x.scatter_add(1, torch.tensor([[0, 0, 2, 0], [1, 1, 1, 2]]), u), [(2, 3), (2, 4)],
     0, longs([0, 0, 2, 0], [1, 1, 1, 2]), 1, axis=1, reduction="add")
case("overwriting", "ScatterElements", lambda x, u: x.scatter(0, torch.tensor([[2, 0, 1]]), u), [(3, 3), (1, 3)],
     0, longs([2, 0, 1]), 1, axis=0)
case("adding, repeated", "ScatterND",
     lambda x, u: x.index_put((torch.tensor([1, 1, -1]),), u, accumulate=True), [(3, 2), (3, 2)],
     0, longs([1], [1], [-1]), 1, reduction="add")
case("overwriting", "ScatterND", lambda x, u: x.index_put((torch.tensor([2, 0]), torch.tensor([1, 1])), u),
     [(3, 2), (2,)], 0, longs([2, 1], [0, 1]), 1)

case("every third, backwards", "Slice", lambda x: x.flip(1)[:, 1:8:3], [(2, 9)],
     0, longs(-2), longs(0), longs(1), longs(-3))
case("columns and rows first", "DepthToSpace", lambda x: F.pixel_shuffle(x, 2), [(2, 8, 2, 3)],
     0, blocksize=2, mode="CRD")
case("lower", "Trilu", lambda x: x.tril(1), [(2, 3, 4)], 0, {"shape": [], "longs": [1]}, upper=0)
case("twice and thrice", "Tile", lambda x: x.repeat(2, 1, 3), [(2, 3, 2)], 0, longs(2, 1, 3))

here = os.path.dirname(os.path.abspath(__file__))
with open(f"{here}/pytorch-structure.json", "w") as file:
    lines = ",\n".join(json.dumps(each) for each in CASES)
    file.write(f'{{"pytorch": "{torch.__version__}", "cases": [\n{lines}\n]}}\n')
