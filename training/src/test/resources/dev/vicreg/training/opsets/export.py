"""Exports one small network at several opsets with PyTorch's exporter, for OpsetUpgradeTest.

    python export.py [FOLDER]

The network has what the exporter writes differently from opset to opset: axes as attributes and as inputs, splits,
softmaxes, norms whole and in parts, dropout, padding, resizing, and shape computations. Written with PyTorch 2.13.
"""
import sys
import warnings

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.onnx._internal.torchscript_exporter import onnx_proto_utils

# The exporter wants the onnx package only to add functions of onnxscript, of which this network has none.

onnx_proto_utils._add_onnxscript_fn = lambda model_bytes, custom_opsets: model_bytes
warnings.filterwarnings("ignore")


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.bn = nn.BatchNorm2d(8)
        self.group = nn.GroupNorm(2, 8)
        self.blocks = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=4), nn.Hardswish(), nn.Dropout(0.2))
        self.norm = nn.LayerNorm(8)
        self.qkv = nn.Linear(8, 24)
        self.out = nn.Linear(8, 5)
        self.slope = nn.PReLU(8)

    def forward(self, x):
        x = F.pad(x, (1, 0, 0, 1), mode="reflect")
        x = F.relu(self.bn(self.conv(x)))
        x = self.blocks(self.group(x)) + x.mean((2, 3), keepdim=True)
        x = F.interpolate(self.slope(x), scale_factor=2, mode="bilinear", align_corners=False)
        x = F.interpolate(F.avg_pool2d(x, 6), size=(4, 4), mode="nearest")
        n, c, h, w = x.shape
        tokens = self.norm(x.flatten(2).transpose(1, 2))
        q, k, v = self.qkv(tokens).reshape(n, h * w, 3, 2, c // 2).permute(2, 0, 3, 1, 4).unbind(0)
        attention = F.softmax(q @ k.transpose(-2, -1) * (c // 2) ** -0.5, dim=-1)
        tokens = tokens + (attention @ v).transpose(1, 2).reshape(n, h * w, c)
        a, b = tokens.chunk(2, dim=-1)
        gated = F.gelu(a) * torch.clamp(b, -0.5, 0.5)
        pooled = torch.cat([gated.sum(1), gated.amax(1)], dim=-1)
        logits = self.out(F.normalize(pooled, dim=1))
        return F.log_softmax(logits.unsqueeze(1), dim=1).squeeze(1)


folder = sys.argv[1] if len(sys.argv) > 1 else "."
torch.manual_seed(7)
network = Network()
with torch.no_grad():
    for parameter in network.parameters():  # the exporter writes equal ones, such as fresh norms, once
        parameter.add_(0.1 * torch.rand_like(parameter))
for buffer in (network.bn.running_mean, network.bn.running_var):
    buffer.copy_(torch.rand_like(buffer) + 0.5)
for opset in (11, 12, 13, 14, 16, 17, 18, 20):
    torch.onnx.export(
        network,
        torch.rand(2, 3, 8, 8),
        f"{folder}/opset-{opset}.onnx",
        dynamo=False,
        opset_version=opset,
        training=torch.onnx.TrainingMode.EVAL,
        do_constant_folding=opset % 2 == 0,
        input_names=["x"],
        output_names=["y"],
        dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}},
    )
