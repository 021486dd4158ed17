"""Computes the reference gradients of GoldenLayersTest with PyTorch in float64: small networks of recurrent layers,
norms, convolutions, pooling and attention. usage: python pytorch_layers.py (writes pytorch-layers.json beside itself)

Inputs are drawn as the test draws them (Lcg) and have ONNX's layout; what PyTorch lays out otherwise is rearranged
here, differentiably, so that the gradients have ONNX's layout, too. The loss is the sum of the outputs times numbers
drawn after the inputs."""
import json
import os

import numpy
import torch
from torch.func import functional_call
from torch.nn import functional as F

CASES = []


class Lcg:
    def __init__(self, seed):
        self.state = seed

    def tensor(self, shape):
        values = []
        for _ in range(int(numpy.prod(shape))):
            self.state = (1664525 * self.state + 1013904223) & 0xFFFFFFFF
            values.append(self.state / 2147483648 - 1)
        return torch.tensor(numpy.array(values, dtype=numpy.float32).reshape(shape), dtype=torch.float64)


def case(name, seed, function, *shapes):
    random = Lcg(seed)
    x = [random.tensor(shape).requires_grad_() for shape in shapes]
    outputs = function(*x)
    loss = sum((y * random.tensor(y.shape)).sum() for y in outputs)
    loss.backward()
    CASES.append({
        "name": name, "seed": seed, "shapes": [list(shape) for shape in shapes],
        "outputs": [y.flatten().tolist() for y in outputs],
        "gradients": [i.grad.flatten().tolist() for i in x]})


def rearranged(weights, order):
    """Blocks of rows, one per gate, in another order."""
    blocks = weights.chunk(len(order))
    return torch.cat([blocks[i] for i in order])


def recurrent(kind, order, hidden):
    """A stack of two bidirectional layers; weights as ONNX has them: W, R and B of each layer, then the states."""
    def function(x, w0, r0, b0, w1, r1, b1, *states):
        module = kind(x.shape[2], hidden, num_layers=2, bidirectional=True).double()
        parameters = {}
        for layer, (w, r, b) in enumerate([(w0, r0, b0), (w1, r1, b1)]):
            for direction, suffix in enumerate(["", "_reverse"]):
                half = b.shape[1] // 2
                parts = {"weight_ih": w[direction], "weight_hh": r[direction],
                         "bias_ih": b[direction, :half], "bias_hh": b[direction, half:]}
                for part, value in parts.items():
                    parameters[f"{part}_l{layer}{suffix}"] = rearranged(value, order)
        start = states if kind is torch.nn.LSTM else states[0]
        y, last = functional_call(module, parameters, (x, start))
        return (y, *last) if kind is torch.nn.LSTM else (y, last)
    return function


T, B, I, H = 5, 3, 4, 3
# ONNX's gates i o f c are PyTorch's i f g o; ONNX's z r h are PyTorch's r z n.
case("lstm", 3, recurrent(torch.nn.LSTM, [0, 2, 3, 1], H), (T, B, I),
     (2, 4 * H, I), (2, 4 * H, H), (2, 8 * H), (2, 4 * H, 2 * H), (2, 4 * H, H), (2, 8 * H), (4, B, H), (4, B, H))
case("gru", 4, recurrent(torch.nn.GRU, [1, 0, 2], H), (T, B, I),
     (2, 3 * H, I), (2, 3 * H, H), (2, 6 * H), (2, 3 * H, 2 * H), (2, 3 * H, H), (2, 6 * H), (4, B, H))


def attention(x, scale, bias, qkv, out):
    """Pre-norm self-attention of two heads with its residual: x [N,T,D], qkv [D,3D], out [D,D]."""
    n, t, d = x.shape
    parts = (F.layer_norm(x, (d,), scale, bias) @ qkv).reshape(n, t, 3, 2, d // 2).permute(2, 0, 3, 1, 4)
    weights = (parts[0] @ parts[1].transpose(2, 3) / (d // 2) ** 0.5).softmax(-1)
    return (x + (weights @ parts[2]).transpose(1, 2).reshape(n, t, d) @ out,)


case("attention", 5, attention, (2, 5, 8), (8,), (8,), (8, 24), (8, 8))


def pictures(x, w, b, scale, bias, up, ub):
    """Grouped dilated convolution, group norm, max pooling with ceil, transposed convolution, average pooling."""
    y = F.group_norm(F.conv2d(x, w, b, padding=2, dilation=2, groups=2), 3, scale, bias)
    y = F.max_pool2d(y, 3, 2, 1, ceil_mode=True)
    y = F.conv_transpose2d(y, up, ub, stride=2, padding=1, output_padding=1, groups=2)
    return (F.avg_pool2d(y, 3, 2, 1), F.avg_pool2d(y, 2, 2, ceil_mode=True, count_include_pad=False))


case("pictures", 6, pictures, (2, 4, 8, 7), (6, 2, 3, 3), (6,), (6,), (6,), (6, 2, 3, 3), (4,))


def signals(x, w, scale, bias, up):
    """1-D: strided convolution, instance norm, max pooling, transposed convolution, the channels' largest values."""
    y = F.instance_norm(F.conv1d(x, w, stride=2, padding=2), weight=scale, bias=bias)
    y = F.conv_transpose1d(F.max_pool1d(y, 2, 2), up, stride=3, dilation=2)
    return (F.avg_pool1d(y, 4, 2), F.adaptive_max_pool1d(y, 1))


case("signals", 7, signals, (2, 3, 17), (4, 3, 5), (4,), (4,), (4, 2, 3))
case("einsum", 8, lambda a, b, c: (torch.einsum("bhid,bhjd,jk->bihk", a, b, c),), (2, 3, 4, 5), (2, 3, 6, 5), (6, 2))

here = os.path.dirname(os.path.abspath(__file__))
with open(f"{here}/pytorch-layers.json", "w") as file:
    lines = ",\n".join(json.dumps(each) for each in CASES)
    file.write(f'{{"pytorch": "{torch.__version__}", "cases": [\n{lines}\n]}}\n')
