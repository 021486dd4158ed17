"""The encoders rebuilt in PyTorch: parameter counts at full size, and outputs and gradients of small ones.

    python encoders.py > encoders.json        # golden figures
    python encoders.py --count                # trained parameters of the published networks, without classifier

Needs torch alone: the networks are written down here from torchvision's and timm's published architectures, with
their parameter names (without the prefix "encoder."). Everything is computed in float64.

Data come from the generator of the Java tests' class Lcg. Each parameter has a generator of its own, whose seed is the
CRC-32 of its name; inputs have seed 11, the direction of the loss has seed 13. Ids are floor((x+1)/2 * how many).
"""

import json
import math
import sys
import zlib

import torch
from torch import nn
from torch.nn import functional as F


def divisible(value):
    rounded = max(8, int(value + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * value else rounded


def conv(dims, i, o, k, stride=1, padding=None, groups=1, bias=False):
    padding = (k - 1) // 2 if padding is None else padding
    return (nn.Conv1d if dims == 1 else nn.Conv2d)(i, o, k, stride, padding, groups=groups, bias=bias)


def norm(dims, n, **settings):
    return (nn.BatchNorm1d if dims == 1 else nn.BatchNorm2d)(n, **settings)


class ResidualBlock(nn.Module):
    """torchvision.models.resnet.BasicBlock and Bottleneck."""

    def __init__(self, dims, i, planes, stride, bottleneck):
        super().__init__()
        o = planes * (4 if bottleneck else 1)
        self.bottleneck = bottleneck
        self.conv1 = conv(dims, i, planes, 1 if bottleneck else 3, 1 if bottleneck else stride)
        self.bn1 = norm(dims, planes)
        self.conv2 = conv(dims, planes, planes, 3, stride if bottleneck else 1)
        self.bn2 = norm(dims, planes)
        if bottleneck:
            self.conv3 = conv(dims, planes, o, 1)
            self.bn3 = norm(dims, o)
        self.downsample = None
        if stride != 1 or i != o:
            self.downsample = nn.Sequential(conv(dims, i, o, 1, stride), norm(dims, o))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.bottleneck:
            y = self.bn3(self.conv3(F.relu(y)))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """torchvision.models.resnet.ResNet without fc."""

    def __init__(self, blocks, width, bottleneck=False, stem="imagenet", dims=2, channels=3):
        super().__init__()
        self.stem, self.stages = stem, len(blocks)
        kernel, stride = {"imagenet": (7, 2), "small": (3, 1), "strided": (3, 2)}[stem]
        self.conv1 = conv(dims, channels, width, kernel, stride)
        self.bn1 = norm(dims, width)
        self.pool = (nn.MaxPool1d if dims == 1 else nn.MaxPool2d)(3, 2, 1)
        i = width
        for stage, count in enumerate(blocks):
            layer = []
            for b in range(count):
                layer.append(
                    ResidualBlock(dims, i, width << stage, 2 if stage > 0 and b == 0 else 1, bottleneck))
                i = (width << stage) * (4 if bottleneck else 1)
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layer))

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        if self.stem == "imagenet":
            x = self.pool(x)
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return x.flatten(2).mean(2)


class Attention(nn.Module):
    """timm.layers.Attention."""

    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(d, 3 * d)
        self.proj = nn.Linear(d, d)

    def forward(self, x):
        n, t, d = x.shape
        qkv = self.qkv(x).reshape(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        shares = (q * (d // self.heads) ** -0.5 @ k.transpose(-2, -1)).softmax(-1)
        return self.proj((shares @ v).transpose(1, 2).reshape(n, t, d))


class Mlp(nn.Module):
    def __init__(self, d, hidden):
        super().__init__()
        self.fc1 = nn.Linear(d, hidden)
        self.fc2 = nn.Linear(hidden, d)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class TransformerBlock(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(d, eps=1e-6)
        self.attn = Attention(d, heads)
        self.norm2 = nn.LayerNorm(d, eps=1e-6)
        self.mlp = Mlp(d, 4 * d)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    """timm.models.vision_transformer.VisionTransformer without head; pool "mean" as class_token=False, global_pool="avg"."""

    def __init__(self, size, patch, d, depth, heads, pool="cls"):
        super().__init__()
        self.pool = pool
        tokens = (size // patch) ** 2
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(3, d, patch, patch)
        if pool == "cls":
            self.cls_token = nn.Parameter(torch.zeros(1, 1, d))
        self.pos_embed = nn.Parameter(torch.zeros(1, tokens + (pool == "cls"), d))
        self.blocks = nn.Sequential(*[TransformerBlock(d, heads) for _ in range(depth)])
        if pool == "cls":
            self.norm = nn.LayerNorm(d, eps=1e-6)
        else:
            self.fc_norm = nn.LayerNorm(d, eps=1e-6)

    def forward(self, x):
        x = self.patch_embed.proj(x).flatten(2).transpose(1, 2)
        if self.pool == "cls":
            x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1)
        x = self.blocks(x + self.pos_embed)
        return self.norm(x)[:, 0] if self.pool == "cls" else self.fc_norm(x.mean(1))


class ConvNeXtBlock(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.conv_dw = nn.Conv2d(d, d, 7, padding=3, groups=d)
        self.norm = nn.LayerNorm(d, eps=1e-6)
        self.mlp = Mlp(d, 4 * d)
        self.gamma = nn.Parameter(torch.full((d,), 1e-6))

    def forward(self, x):
        y = self.mlp(self.norm(self.conv_dw(x).permute(0, 2, 3, 1)))
        return x + (self.gamma * y).permute(0, 3, 1, 2)


class LayerNorm2d(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvNeXt(nn.Module):
    """timm.models.convnext.ConvNeXt without fc."""

    def __init__(self, blocks, width, patch=4):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, width, patch, patch), LayerNorm2d(width, eps=1e-6))
        stages = []
        for s, count in enumerate(blocks):
            stage = nn.Module()
            d = width << s
            stage.downsample = nn.Identity()
            if s > 0:
                stage.downsample = nn.Sequential(LayerNorm2d(d // 2, eps=1e-6), nn.Conv2d(d // 2, d, 2, 2))
            stage.blocks = nn.Sequential(*[ConvNeXtBlock(d) for _ in range(count)])
            stages.append(stage)
        self.stages = nn.ModuleList(stages)
        self.head = nn.Module()
        self.head.norm = nn.LayerNorm(width << (len(blocks) - 1), eps=1e-6)

    def forward(self, x):
        x = self.stem(x)
        for stage in self.stages:
            x = stage.blocks(stage.downsample(x))
        return self.head.norm(x.mean((2, 3)))


class SqueezeExcitation(nn.Module):
    """torchvision.ops.SqueezeExcitation."""

    def __init__(self, channels, squeezed, inner, gate):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)
        self.inner, self.gate = inner, gate

    def forward(self, x):
        return self.gate(self.fc2(self.inner(self.fc1(x.mean((2, 3), keepdim=True))))) * x


def normed(i, o, k, stride, groups, activation, **settings):
    """torchvision.ops.Conv2dNormActivation."""
    layers = [conv(2, i, o, k, stride, groups=groups), nn.BatchNorm2d(o, **settings)]
    return nn.Sequential(*layers, *([activation()] if activation else []))


class InvertedResidual(nn.Module):
    """torchvision's mobilenetv3.InvertedResidual and efficientnet.MBConv."""

    def __init__(self, i, k, expanded, o, stride, activation, squeeze, **settings):
        super().__init__()
        parts = [normed(i, expanded, 1, 1, 1, activation, **settings)] if expanded != i else []
        parts.append(normed(expanded, expanded, k, stride, expanded, activation, **settings))
        if squeeze:
            parts.append(squeeze)
        parts.append(normed(expanded, o, 1, 1, 1, None, **settings))
        self.block = nn.Sequential(*parts)
        self.added = stride == 1 and i == o

    def forward(self, x):
        return x + self.block(x) if self.added else self.block(x)


MOBILE_NORM = dict(eps=0.001, momentum=0.01)
MOBILENET_V3_LARGE = [  # kernel, expanded, channels, squeeze and excitation, hard swish, stride
    (3, 16, 16, False, False, 1), (3, 64, 24, False, False, 2), (3, 72, 24, False, False, 1),
    (5, 72, 40, True, False, 2), (5, 120, 40, True, False, 1), (5, 120, 40, True, False, 1),
    (3, 240, 80, False, True, 2), (3, 200, 80, False, True, 1), (3, 184, 80, False, True, 1),
    (3, 184, 80, False, True, 1), (3, 480, 112, True, True, 1), (3, 672, 112, True, True, 1),
    (5, 672, 160, True, True, 2), (5, 960, 160, True, True, 1), (5, 960, 160, True, True, 1)]


class MobileNetV3(nn.Module):
    """torchvision.models.mobilenetv3.MobileNetV3 without classifier."""

    def __init__(self, blocks, width):
        super().__init__()
        scaled = lambda channels: divisible(channels * width / 16)
        features = [normed(3, width, 3, 2, 1, nn.Hardswish, **MOBILE_NORM)]
        i = width
        for k, expanded, o, squeeze, hard, stride in blocks:
            e = scaled(expanded)
            gate = SqueezeExcitation(e, divisible(e // 4), F.relu, F.hardsigmoid) if squeeze else None
            activation = nn.Hardswish if hard else nn.ReLU
            features.append(InvertedResidual(i, k, e, scaled(o), stride, activation, gate, **MOBILE_NORM))
            i = scaled(o)
        features.append(normed(i, 6 * i, 1, 1, 1, nn.Hardswish, **MOBILE_NORM))
        self.features = nn.Sequential(*features)

    def forward(self, x):
        return self.features(x).mean((2, 3))


EFFICIENTNET_B0 = [  # expansion, kernel, stride, channels, blocks
    (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1)]


class EfficientNet(nn.Module):
    """torchvision.models.efficientnet.EfficientNet without classifier and stochastic depth."""

    def __init__(self, stages, width):
        super().__init__()
        features = [normed(3, width, 3, 2, 1, nn.SiLU)]
        i = width
        for expansion, k, stride, channels, blocks in stages:
            o = divisible(channels * width / 32)
            stage = []
            for b in range(blocks):
                e = divisible(i * expansion)
                gate = SqueezeExcitation(e, max(1, i // 4), F.silu, torch.sigmoid)
                stage.append(InvertedResidual(i, k, e, o, stride if b == 0 else 1, nn.SiLU, gate))
                i = o
            features.append(nn.Sequential(*stage))
        features.append(normed(i, 4 * i, 1, 1, 1, nn.SiLU))
        self.features = nn.Sequential(*features)

    def forward(self, x):
        return self.features(x).mean((2, 3))


def mlp(inputs, width, depth):
    layers = []
    for i in range(depth):
        layers += [nn.Linear(width if i else inputs, width, bias=False), nn.BatchNorm1d(width), nn.ReLU()]
    return nn.Sequential(*layers)


class TextCnn(nn.Module):
    """Kim 2014, section 2, without classifier and dropout."""

    def __init__(self, vocabulary, width):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, 3 * width)
        self.convs = nn.ModuleList([nn.Conv1d(3 * width, width, k) for k in (3, 4, 5)])

    def forward(self, ids):
        x = self.embed(ids).transpose(1, 2)
        return torch.cat([F.relu(conv(x)).amax(2) for conv in self.convs], 1)


FULL = {
    "resnet10": lambda: ResNet([1, 1, 1, 1], 64),
    "resnet18": lambda: ResNet([2, 2, 2, 2], 64),
    "resnet34": lambda: ResNet([3, 4, 6, 3], 64),
    "resnet50": lambda: ResNet([3, 4, 6, 3], 64, bottleneck=True),
    "resnet50x2": lambda: ResNet([3, 4, 6, 3], 128, bottleneck=True),
    "resnet101": lambda: ResNet([3, 4, 23, 3], 64, bottleneck=True),
    "resnet1d": lambda: ResNet([2, 2, 2, 2], 64, dims=1, channels=1),
    "vit-tiny": lambda: VisionTransformer(224, 16, 192, 12, 3),
    "vit-small": lambda: VisionTransformer(224, 16, 384, 12, 6),
    "vit-base": lambda: VisionTransformer(224, 16, 768, 12, 12),
    "convnext-tiny": lambda: ConvNeXt([3, 3, 9, 3], 96),
    "mobilenetv3-large": lambda: MobileNetV3(MOBILENET_V3_LARGE, 16),
    "efficientnet-b0": lambda: EfficientNet(EFFICIENTNET_B0, 32),
    "mlp": lambda: mlp(10, 256, 2),
    "textcnn": lambda: TextCnn(259, 100),
}

PICTURES = (4, 3, 32, 32)
SMALL = {
    "resnet-bottleneck": (lambda: ResNet([1, 2, 1], 8, bottleneck=True, stem="strided"), PICTURES),
    "resnet-signal": (lambda: ResNet([2, 2, 2, 2], 8, dims=1, channels=2), (4, 2, 96)),
    "vit-cls": (lambda: VisionTransformer(16, 4, 24, 2, 3), (4, 3, 16, 16)),
    "vit-mean": (lambda: VisionTransformer(16, 8, 24, 1, 3, "mean"), (4, 3, 16, 16)),
    "convnext": (lambda: ConvNeXt([1, 2, 1, 1], 8, 2), PICTURES),
    "mobilenetv3": (lambda: MobileNetV3(MOBILENET_V3_LARGE[2:8], 16), PICTURES),
    "efficientnet": (lambda: EfficientNet(EFFICIENTNET_B0[:3], 16), PICTURES),
    "mlp": (lambda: mlp(6, 12, 2), (8, 6)),
    "textcnn": (lambda: TextCnn(11, 4), (6, 9)),
}


def lcg(seed, count):
    state, values = seed, []
    for _ in range(count):
        state = (1664525 * state + 1013904223) % 2**32
        values.append(state / 2**31 - 1)
    return torch.tensor(values, dtype=torch.float64)


def draw(name, shape):
    """Weights of about unit gain; scales around 1, biases and means around 0, variances in 0.5 to 1.5."""
    values = lcg(zlib.crc32(name.encode()), math.prod(shape)).reshape(shape)
    if name.endswith("running_var"):
        return 1 + 0.5 * values
    if len(shape) == 1:
        return values * 0.1 if name.endswith(("bias", "running_mean")) else 1 + 0.1 * values
    return values if shape[0] == 1 or name == "embed.weight" else values * math.sqrt(3 / math.prod(shape[1:]))


def golden(make, shape):
    torch.manual_seed(0)
    net = make().double()
    state = net.state_dict()
    # Values as float32 holds them, which is what the encoder under test is fed.
    net.load_state_dict({
        name: tensor if name.endswith("num_batches_tracked") else draw(name, tensor.shape).float().double()
        for name, tensor in state.items()})
    x = lcg(11, math.prod(shape)).float().double().reshape(shape)
    ids = net.embed.num_embeddings if hasattr(net, "embed") else 0
    x = ((x + 1) / 2 * ids).floor().long() if ids else x
    evaluated = net.eval()(x)
    trained = net.train()(x)
    (trained * lcg(13, trained.numel()).reshape(trained.shape)).sum().backward()
    gradients = {}
    for name, parameter in net.named_parameters():
        direction = lcg(zlib.crc32(name.encode()) ^ 1, parameter.numel()).reshape(parameter.shape)
        gradients[name] = [parameter.grad.norm().item(), (parameter.grad * direction).sum().item()]
    rows = lambda tensor: [[float("%.9g" % v) for v in row] for row in tensor.tolist()]
    return {
        "input": list(shape), **({"ids": ids} if ids else {}), "evaluated": rows(evaluated), "trained": rows(trained),
        "gradients": {name: [float("%.9g" % v) for v in pair] for name, pair in gradients.items()}}


if __name__ == "__main__":
    if "--count" in sys.argv:
        for name, make in FULL.items():
            with torch.device("meta"):
                print(name, sum(parameter.numel() for parameter in make().parameters()))
    else:
        cases = {name: golden(make, shape) for name, (make, shape) in SMALL.items()}
        lines = [f'"{name}":' + json.dumps(case, separators=(",", ":")) for name, case in cases.items()]
        print("{\n" + ",\n".join(lines) + "\n}")
