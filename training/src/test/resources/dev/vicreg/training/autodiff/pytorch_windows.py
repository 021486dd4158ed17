"""Exports a small network of shifted windows (as Swin has them) between resizes, borders and class tokens, and computes
its output and gradients in float64, for ExportedWindowsTest. The exporter writes every size as a computation on shapes.
usage: python pytorch_windows.py (writes pytorch-windows.onnx, .json beside itself)"""
import json
import os

import torch
from torch import nn
from torch.nn import functional as F
from torch.onnx._internal.torchscript_exporter import onnx_proto_utils

onnx_proto_utils._add_onnxscript_fn = lambda proto, opsets: proto  # asks for the package onnx, but has nothing to add
HERE = os.path.dirname(os.path.abspath(__file__))


class Windows(nn.Module):
    """Attention within windows of 4x4 places, shifted by two, the picture padded to whole windows."""

    def __init__(self, channels=8, heads=2, window=4):
        super().__init__()
        self.heads, self.window = heads, window
        self.norm = nn.LayerNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)
        self.table = nn.Parameter(torch.randn((2 * window - 1) ** 2, heads))
        places = torch.stack(torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")).flatten(1)
        apart = (places[:, :, None] - places[:, None, :]).permute(1, 2, 0) + window - 1
        self.register_buffer("index", apart[..., 0] * (2 * window - 1) + apart[..., 1])

    def forward(self, x):
        batch, channels, h, w = x.shape
        window = self.window
        x = self.norm(x.permute(0, 2, 3, 1))
        x = F.pad(x, (0, 0, 0, (window - w % window) % window, 0, (window - h % window) % window))
        _, high, wide, _ = x.shape
        x = torch.roll(x, (-2, -2), (1, 2))
        x = x.view(batch, high // window, window, wide // window, window, channels)
        x = x.permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, window * window, channels)
        count, places, _ = x.shape
        q, k, v = self.qkv(x).reshape(count, places, 3, self.heads, channels // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        bias = self.table[self.index.view(-1)].view(places, places, -1).permute(2, 0, 1).contiguous()
        weights = ((q * (channels // self.heads) ** -0.5) @ k.transpose(-2, -1) + bias.unsqueeze(0)).softmax(-1)
        x = self.proj((weights @ v).transpose(1, 2).reshape(count, places, channels)).view(-1, window, window, channels)
        batch = x.shape[0] // (high * wide // window // window)
        x = x.view(batch, high // window, wide // window, window, window, -1)
        x = x.permute(0, 1, 3, 2, 4, 5).contiguous().view(batch, high, wide, -1)
        return torch.roll(x, (2, 2), (1, 2))[:, :h, :w, :].contiguous().permute(0, 3, 1, 2)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.windows = Windows()
        self.fuse = nn.Conv2d(16, 8, 3, 1, 1)
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.positions = nn.Parameter(torch.randn(1, 60, 8))
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        f = self.windows(self.stem(x))
        up = F.interpolate(f, scale_factor=2.0, mode="bilinear", align_corners=False)
        f = self.fuse(torch.cat([f, F.interpolate(up, size=f.shape[-2:], mode="nearest")], 1))
        f = F.pad(f, (2, 1, 1, 3), mode="reflect")[:, :, 1:-1, 1:-2]
        f = F.pixel_shuffle(f, 2).repeat(1, 4, 1, 1)[:, :, ::2, ::2]
        t = f.flatten(2).transpose(1, 2)
        t = torch.cat([self.token.expand(x.size(0), -1, -1), t], 1)
        t = t + self.positions[:, :t.size(1)]
        t = t.view(t.size(0), t.size(1), 4, -1).transpose(1, 2).reshape(t.size(0), -1, 8)
        return self.head(t[:, 0]) + self.head(t.chunk(2, 1)[0].mean(1))


torch.manual_seed(3)
net = Net().eval()
x = (torch.randint(-64, 65, (2, 3, 14, 11)) / 32).float()
torch.onnx.export(net, x, f"{HERE}/pytorch-windows.onnx", opset_version=17, dynamo=False, do_constant_folding=False,
                  input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "N"}, "y": {0: "N"}})
net.double()
y = net(x.double())
upstream = torch.linspace(-1, 1, y.numel(), dtype=torch.float64).view(y.shape)
y.backward(upstream)


def figures(tensor):
    return [float(f"{v:.9g}") for v in tensor.flatten().tolist()]


with open(f"{HERE}/pytorch-windows.json", "w") as file:
    json.dump({"pytorch": torch.__version__, "x": figures(x), "upstream": figures(upstream), "y": figures(y),
               "gradients": {name: figures(p.grad) for name, p in net.named_parameters()}}, file)
