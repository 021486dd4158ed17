"""Small networks of every style as PyTorch exports them, and ten steps of training each, computed in float64.

Run: python generate.py   (needs torch alone; writes the .onnx files and trajectories.json beside this file)

What the files hold and how the figures are compared is in README.md.
"""
import io, json, math, pathlib
import torch
from torch import nn
import torch.nn.functional as F
from torch.onnx import TrainingMode
from torch.onnx._internal.torchscript_exporter import onnx_proto_utils

# The exporter imports the onnx package only to add functions of onnxscript, of which these networks have none.
onnx_proto_utils._add_onnxscript_fn = lambda model_bytes, custom_opsets: model_bytes

HERE = pathlib.Path(__file__).parent
PADDING = 5  # of the network "masked"
BATCH, STEPS, RATE, MOMENTUM, DECAY = 12, 10, 0.01, 0.9, 1e-2


class Lcg:
    def __init__(self, seed):
        self.s = seed

    def next(self):
        self.s = (1664525 * self.s + 1013904223) & 0xFFFFFFFF
        return self.s / 2147483648.0 - 1.0

    def tensor(self, *shape):
        n = math.prod(shape)
        return torch.tensor([self.next() for _ in range(n)], dtype=torch.float64).reshape(*shape)


class Block(nn.Module):
    def __init__(s, i, o, st):
        super().__init__()
        s.conv1 = nn.Conv2d(i, o, 3, st, 1, bias=False); s.bn1 = nn.BatchNorm2d(o)
        s.conv2 = nn.Conv2d(o, o, 3, 1, 1, bias=False); s.bn2 = nn.BatchNorm2d(o)
        s.downsample = nn.Sequential(nn.Conv2d(i, o, 1, st, bias=False), nn.BatchNorm2d(o, eps=1e-3, momentum=0.2))

    def forward(s, x):
        y = F.relu(s.bn1(s.conv1(x)))
        return F.relu(s.bn2(s.conv2(y)) + s.downsample(x))


class Residual(nn.Module):
    def __init__(s):
        super().__init__()
        s.conv1 = nn.Conv2d(3, 8, 3, 1, 1, bias=False); s.bn1 = nn.BatchNorm2d(8)
        s.layer1 = nn.Sequential(Block(8, 12, 2))
        s.drop = nn.Dropout(0.3)
        s.fc = nn.Linear(12, 10)

    def forward(s, x):
        x = F.max_pool2d(F.relu(s.bn1(s.conv1(x))), 3, 2, 1)
        x = F.adaptive_avg_pool2d(s.layer1(x), 1)
        return s.fc(s.drop(torch.flatten(x, 1)))


class SqueezeExcite(nn.Module):
    def __init__(s, c):
        super().__init__()
        s.fc1 = nn.Conv2d(c, c // 4, 1); s.fc2 = nn.Conv2d(c // 4, c, 1)

    def forward(s, x):
        y = F.adaptive_avg_pool2d(x, 1)
        return x * F.hardsigmoid(s.fc2(F.relu(s.fc1(y))))


class Depthwise(nn.Module):
    """An inverted residual with squeeze-excite, as in MobileNetV3."""
    def __init__(s):
        super().__init__()
        s.stem = nn.Conv2d(3, 8, 3, 2, 1, bias=False); s.bn0 = nn.BatchNorm2d(8, eps=1e-3, momentum=0.01)
        s.expand = nn.Conv2d(8, 16, 1, bias=False); s.bn1 = nn.BatchNorm2d(16)
        s.depth = nn.Conv2d(16, 16, 3, 1, 1, groups=16, bias=False); s.bn2 = nn.BatchNorm2d(16)
        s.se = SqueezeExcite(16)
        s.project = nn.Conv2d(16, 8, 1, bias=False); s.bn3 = nn.BatchNorm2d(8)
        s.head = nn.Linear(8, 12)

    def forward(s, x):
        x = F.hardswish(s.bn0(s.stem(x)))
        y = F.hardswish(s.bn1(s.expand(x)))
        y = s.se(F.relu6(s.bn2(s.depth(y))))
        x = x + s.bn3(s.project(y))
        return F.hardswish(s.head(x.mean((2, 3))))


class Attention(nn.Module):
    def __init__(s, d, heads):
        super().__init__()
        s.heads = heads
        s.qkv = nn.Linear(d, 3 * d); s.proj = nn.Linear(d, d)

    def forward(s, x, bias=None):
        n, t, d = x.shape
        qkv = s.qkv(x).reshape(n, t, 3, s.heads, d // s.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        scores = (q * (d // s.heads) ** -0.5) @ k.transpose(-2, -1)
        if bias is not None:
            scores = scores + bias
        y = scores.softmax(-1) @ v
        return s.proj(y.transpose(1, 2).reshape(n, t, d))


class Transformer(nn.Module):
    def __init__(s, d, heads):
        super().__init__()
        s.norm1 = nn.LayerNorm(d); s.attn = Attention(d, heads)
        s.norm2 = nn.LayerNorm(d, eps=1e-6); s.fc1 = nn.Linear(d, 2 * d); s.fc2 = nn.Linear(2 * d, d)
        s.gamma = nn.Parameter(torch.full((d,), 0.5))

    def forward(s, x, bias=None):
        x = x + s.attn(s.norm1(x), bias)
        return x + s.gamma * s.fc2(F.gelu(s.fc1(s.norm2(x))))


class Patches(nn.Module):
    """Patch attention with a class token, as in ViT."""
    def __init__(s):
        super().__init__()
        s.embed = nn.Conv2d(3, 16, 4, 4)
        s.cls_token = nn.Parameter(0.1 * torch.randn(1, 1, 16))
        s.pos_embed = nn.Parameter(0.1 * torch.randn(1, 10, 16))
        s.block = Transformer(16, 2)
        s.norm = nn.LayerNorm(16)

    def forward(s, x):
        x = s.embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([s.cls_token.expand(x.shape[0], -1, -1), x], 1) + s.pos_embed
        return s.norm(s.block(x))[:, 0]


class Tokens(Patches):
    """The same network with all its tokens as output [N,T,D]."""
    def forward(s, x):
        x = s.embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([s.cls_token.expand(x.shape[0], -1, -1), x], 1) + s.pos_embed
        return s.norm(s.block(x))


class Windows(nn.Module):
    """Attention in shifted windows of 2x2 with a table of relative positions, as in Swin."""
    def __init__(s):
        super().__init__()
        s.embed = nn.Conv2d(3, 12, 3, 3)
        s.table = nn.Parameter(0.2 * torch.randn(9, 3))
        c = torch.stack(torch.meshgrid(torch.arange(2), torch.arange(2), indexing="ij")).flatten(1)
        r = (c[:, :, None] - c[:, None, :]).permute(1, 2, 0) + 1
        s.register_buffer("index", r[..., 0] * 3 + r[..., 1])
        s.attn = Attention(12, 3); s.norm = nn.LayerNorm(12); s.head = nn.Linear(12, 10)

    def forward(s, x):
        x = s.embed(x).permute(0, 2, 3, 1)  # [N,4,4,12]
        n, h, w, c = x.shape
        y = torch.roll(s.norm(x), (-1, -1), (1, 2))
        y = y.view(n, h // 2, 2, w // 2, 2, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, 4, c)
        bias = s.table[s.index.view(-1)].view(4, 4, -1).permute(2, 0, 1)
        y = s.attn(y, bias.unsqueeze(0))
        y = y.view(n, h // 2, w // 2, 2, 2, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h, w, c)
        x = x + torch.roll(y, (1, 1), (1, 2))
        return s.head(x.mean((1, 2)))


class Lstm(nn.Module):
    def __init__(s):
        super().__init__()
        s.rnn = nn.LSTM(5, 6, batch_first=True, bidirectional=True)

    def forward(s, x):
        return s.rnn(x)[0].mean(1)


class Gru(nn.Module):
    def __init__(s):
        super().__init__()
        s.rnn = nn.GRU(5, 8, batch_first=True); s.fc = nn.Linear(8, 10)

    def forward(s, x):
        return s.fc(s.rnn(x)[1][-1])


class UpDown(nn.Module):
    """Down, then up by a transposed convolution and by resizing, with a skip connection, as in U-Net."""
    def __init__(s):
        super().__init__()
        s.down = nn.Conv2d(3, 8, 3, 1, 1); s.bn = nn.BatchNorm2d(8)
        s.deep = nn.Conv2d(8, 12, 3, 2, 1)
        s.up = nn.ConvTranspose2d(12, 6, 2, 2)
        s.prelu = nn.PReLU(6)
        s.out = nn.Conv2d(14, 10, 3, padding=2, dilation=2)

    def forward(s, x):
        a = F.elu(s.bn(s.down(x)))
        b = torch.tanh(s.deep(F.avg_pool2d(a, 2)))
        c = F.interpolate(s.prelu(s.up(b)), scale_factor=2, mode="bilinear", align_corners=False)
        d = F.interpolate(torch.cat([a, c], 1), scale_factor=2, mode="nearest")
        return 0.4 * s.out(d).amax((2, 3))


class Text(nn.Module):
    def __init__(s):
        super().__init__()
        s.embedding = nn.Embedding(40, 12); s.position = nn.Embedding(7, 12)
        s.fc = nn.Linear(12, 12, bias=False); s.norm = nn.LayerNorm(12)

    def forward(s, ids):
        return s.tokens(ids).mean(1)

    def tokens(s, ids):
        x = s.embedding(ids) + s.position(torch.arange(ids.shape[1]))
        return s.norm(x + torch.sigmoid(s.fc(x)) * x)


class TextTokens(Text):
    """The same network with all its tokens as output [N,T,D]."""
    def forward(s, ids):
        return s.tokens(ids)


def mean(x, mask):
    """The tokens' mean without padding, as sentence-transformers has it."""
    kept = mask[:, :, None].to(x.dtype)
    return (x * kept).sum(1) / kept.sum(1).clamp(min=1e-9)


class Masked(nn.Module):
    """A transformer that is told where padding is, as those of Hugging Face are."""

    def __init__(s):
        super().__init__()
        s.embedding = nn.Embedding(40, 12); s.position = nn.Embedding(7, 12)
        s.qkv = nn.Linear(12, 36); s.proj = nn.Linear(12, 12); s.norm1 = nn.LayerNorm(12)
        s.fc1 = nn.Linear(12, 24); s.fc2 = nn.Linear(24, 12); s.norm2 = nn.LayerNorm(12)

    def forward(s, ids, mask):
        return mean(s.tokens(ids, mask), mask)

    def tokens(s, ids, mask):
        x = s.embedding(ids) + s.position(torch.arange(ids.shape[1]))
        q, k, v = (part.reshape(-1, ids.shape[1], 2, 6).transpose(1, 2) for part in s.qkv(x).chunk(3, 2))
        left_out = (1.0 - mask[:, None, None, :].to(x.dtype)) * torch.finfo(torch.float32).min
        shares = (q @ k.transpose(2, 3) / 6 ** 0.5 + left_out).softmax(3)
        x = s.norm1(x + s.proj((shares @ v).transpose(1, 2).reshape(-1, ids.shape[1], 12)))
        return s.norm2(x + s.fc2(F.gelu(s.fc1(x))))


class MaskedTokens(Masked):
    """The same network with all its tokens as output [N,T,D]."""
    def forward(s, ids, mask):
        return s.tokens(ids, mask)


class Signal(nn.Module):
    def __init__(s):
        super().__init__()
        s.conv1 = nn.Conv1d(2, 8, 5, 2, 2, bias=False); s.bn1 = nn.BatchNorm1d(8)
        s.conv2 = nn.Conv1d(8, 10, 3, padding=2, dilation=2); s.bn2 = nn.BatchNorm1d(10)
        s.scale = nn.Parameter(torch.tensor([0.7]))

    def forward(s, x):
        x = F.max_pool1d(F.leaky_relu(s.bn1(s.conv1(x)), 0.1), 2)
        return s.scale * F.softplus(s.bn2(s.conv2(x))).mean(-1)


# name: (network, shape of a sample, size of the vocabulary or 0)
NETWORKS = {
    "residual": (Residual, (3, 16, 16), 0),
    "depthwise": (Depthwise, (3, 12, 12), 0),
    "patches": (Patches, (3, 12, 12), 0),
    "tokens": (Tokens, (3, 12, 12), 0),
    "windows": (Windows, (3, 12, 12), 0),
    "lstm": (Lstm, (7, 5), 0),
    "gru": (Gru, (7, 5), 0),
    "updown": (UpDown, (3, 8, 8), 0),
    "text": (Text, (7,), 40),
    "text-tokens": (TextTokens, (7,), 40),
    "masked": (Masked, (7,), 40),
    "masked-tokens": (MaskedTokens, (7,), 40),
    "signal": (Signal, (2, 40), 0),
}

# file: (network, opset, mode, folded)
FILES = {
    "residual": ("residual", 17, TrainingMode.EVAL, False),
    "residual-training": ("residual", 13, TrainingMode.TRAINING, False),
    "residual-folded": ("residual", 17, TrainingMode.EVAL, True),
    "residual-fresh": ("residual", 17, TrainingMode.EVAL, False),
    "depthwise": ("depthwise", 17, TrainingMode.EVAL, False),
    "patches": ("patches", 17, TrainingMode.EVAL, False),
    "patches-13": ("patches", 13, TrainingMode.EVAL, True),
    "tokens": ("tokens", 20, TrainingMode.EVAL, False),
    "windows": ("windows", 17, TrainingMode.EVAL, False),
    "lstm": ("lstm", 17, TrainingMode.EVAL, False),
    "lstm-folded": ("lstm", 14, TrainingMode.EVAL, True),
    "gru": ("gru", 17, TrainingMode.EVAL, False),
    "updown": ("updown", 17, TrainingMode.TRAINING, False),
    "text": ("text", 17, TrainingMode.EVAL, False),
    "text-tokens": ("text-tokens", 17, TrainingMode.EVAL, False),
    "masked": ("masked", 17, TrainingMode.EVAL, False),
    "masked-tokens": ("masked-tokens", 17, TrainingMode.EVAL, False),
    "signal": ("signal", 13, TrainingMode.EVAL, False),
}


def network(name, fresh=False):
    """The network with its first weights, which are float32 numbers: the file holds the same ones."""
    torch.manual_seed(sum(map(ord, name.removesuffix("-tokens"))))
    net = NETWORKS[name][0]()
    if fresh:
        return net
    with torch.no_grad():
        for p in net.parameters():
            if p.ndim == 1:
                p.add_(0.1 * torch.randn(p.shape))  # ones and zeros that are equal would be written once
        for key, buffer in net.named_buffers():
            if key.endswith("running_mean"):
                buffer.copy_(0.1 * torch.randn(buffer.shape))
            elif key.endswith("running_var"):
                buffer.copy_(0.5 + torch.rand(buffer.shape))
    return net


def sample(name, data):
    """Two views of a batch."""
    _, shape, vocabulary = NETWORKS[name]
    x = data.tensor(BATCH, *shape)
    views = []
    for _ in range(2):
        noise = data.tensor(BATCH, *shape)
        if vocabulary:
            mixed = torch.where(noise > 0.7, noise, x)
            views.append(((mixed + 1) / 2 * vocabulary).floor().long())
        else:
            views.append(x + 0.1 * noise)
    return views


def inputs(name, x):
    """What the network takes for a view."""
    return (x, (x != PADDING).long()) if name.startswith("masked") else (x,)


def terms(za, zb):
    n, d = za.shape
    off = lambda c: c.pow(2).sum() - torch.diagonal(c).pow(2).sum()
    inv = (za - zb).pow(2).mean()
    a, b = za - za.mean(0), zb - zb.mean(0)
    std = lambda z: torch.sqrt(z.var(0, unbiased=True) + 1e-4)
    var = (F.relu(1 - std(a)).mean() + F.relu(1 - std(b)).mean()) / 2
    cov = (off(a.T @ a / (n - 1)) + off(b.T @ b / (n - 1))) / d
    return inv, var, cov


def decays(net, name, p):
    """Weights decay; norms, biases, factors per channel, tokens and positions do not."""
    return sum(size > 1 for size in p.shape) > 1 and name.split(".")[0] not in ("pos_embed", "table", "embedding", "position")


def digest(tensors):
    return {n: dict(norm=t.norm().item(), first4=t.flatten()[:4].tolist()) for n, t in tensors}


def trajectory(name, dtype, frozen=False, pool=None, rate=RATE):
    net = network(name).to(dtype).train()
    for module in net.modules():
        if isinstance(module, nn.Dropout) or frozen and isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
    groups = [dict(params=[p for n, p in net.named_parameters() if decays(net, n, p)], weight_decay=DECAY),
              dict(params=[p for n, p in net.named_parameters() if not decays(net, n, p)], weight_decay=0)]
    opt = torch.optim.SGD(groups, lr=rate, momentum=MOMENTUM)
    data, rows, first = Lcg(11), [], None
    for step in range(STEPS):
        xa, xb = (v if v.dtype == torch.int64 else v.to(dtype) for v in sample(name, data))
        opt.zero_grad()
        za, zb = (net(*inputs(name, x)) for x in (xa, xb))
        if pool == "mean":
            za, zb = za.mean(1), zb.mean(1)
        elif pool == "masked-mean":
            za, zb = (mean(z, x != PADDING) for z, x in ((za, xa), (zb, xb)))
        elif pool == "cls":
            za, zb = za[:, 0], zb[:, 0]
        inv, var, cov = terms(za, zb)
        total = 25 * inv + 25 * var + cov
        total.backward()
        first = first or digest((n, p.grad) for n, p in net.named_parameters())
        opt.step()
        rows.append([total.item(), inv.item(), var.item(), cov.item()])
    return dict(rate=rate, losses=rows, first_gradients=first, parameters=digest(net.named_parameters()),
                statistics=digest((n, b) for n, b in net.named_buffers() if "running" in n))


def drift(a, b):
    """Largest relative difference of two runs' losses and parameter norms."""
    worst = max(abs(x - y) / max(abs(x), 1e-9) for r, s in zip(a["losses"], b["losses"]) for x, y in zip(r, s))
    return max([worst] + [abs(v["norm"] - b["parameters"][n]["norm"]) / v["norm"] for n, v in a["parameters"].items()])


def export(file, name, opset, mode, folded):
    _, shape, vocabulary = NETWORKS[name]
    x = torch.zeros(2, *shape, dtype=torch.int64 if vocabulary else torch.float32)
    net = network(name, file.endswith("-fresh"))
    net.train(mode == TrainingMode.TRAINING)
    out = io.BytesIO()
    names = ["input_ids", "attention_mask"] if name.startswith("masked") else ["input"]
    torch.onnx.export(net, inputs(name, x), out, dynamo=False, opset_version=opset, training=mode,
                      do_constant_folding=folded, input_names=names, output_names=["features"],
                      dynamic_axes={each: {0: "batch"} for each in [*names, "features"]})
    model = out.getvalue()
    if mode == TrainingMode.TRAINING:
        model = restored(model, net, network(name))
    (HERE / file).with_suffix(".onnx").write_bytes(model)
    return len(model)


def restored(model, after, before):
    """The file with the running statistics as they were: exporting in training form runs the network and moves them."""
    for (key, moved), start in zip(after.named_buffers(), before.buffers()):
        if "running" in key:
            assert model.count(moved.numpy().tobytes()) == 1, key
            model = model.replace(moved.numpy().tobytes(), start.numpy().tobytes())
    return model


if __name__ == "__main__":
    for file, (name, opset, mode, folded) in FILES.items():
        print(file, export(file, name, opset, mode, folded), "bytes")
    golden = {}
    runs = {name: dict() for name in NETWORKS if not name.endswith("tokens")}
    runs |= {"residual-frozen": dict(frozen=True), "tokens-mean": dict(pool="mean", rate=0.001),
             "tokens-cls": dict(pool="cls", rate=0.001), "text-tokens": dict(pool="masked-mean"), "patches": dict(rate=0.001), "lstm": dict(rate=0.2)}
    for run, options in runs.items():
        name = run if run in NETWORKS else run.split("-")[0]
        golden[run] = trajectory(name, torch.float64, **options)
        print(run, "float32 differs by %.1e" % drift(golden[run], trajectory(name, torch.float32, **options)),
              "loss %.4f to %.4f" % (golden[run]["losses"][0][0], golden[run]["losses"][-1][0]))
    lines = [json.dumps(k) + ": " + json.dumps(v) for k, v in golden.items()]
    (HERE / "trajectories.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
