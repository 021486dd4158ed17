"""Steps in mixed precision by PyTorch: autocast to float16 on the CPU with torch.amp.GradScaler.

Run: python half.py   (needs torch; writes half.json beside this file)

The network, its parameters (seed 7), the data (seed 11) and the optimizers are those of trajectory.json, at a tenth of the
rate, so that runs which round differently stay together; the objective is float32. In the steps OVERFLOWS the views are so
large that float16 makes them infinite. The scale stays so low that nothing else overflows: at the edge it would depend on
the order of sums. Each row has the loss of its step (null where it is not finite), whether the step was skipped, and the
scale after it. The gradients' errors say what rounding to float16 costs: mostly activations that fall on the other side of
a ReLU's kink. fc1.bias has a gradient of zero. PyTorch moves running statistics in skipped steps as well, so they are not compared.
"""
import json, math, pathlib
import torch
from torch import nn
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent


class Lcg:
    def __init__(self, seed):
        self.s = seed & 0xFFFFFFFF

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
        s.short = nn.Conv2d(i, o, 1, st, bias=False); s.bns = nn.BatchNorm2d(o)

    def forward(s, x):
        y = F.relu(s.bn1(s.conv1(x)))
        return F.relu(s.bn2(s.conv2(y)) + s.bns(s.short(x)))


class Net(nn.Module):
    def __init__(s):
        super().__init__()
        s.conv = nn.Conv2d(3, 8, 3, 1, 1, bias=False); s.bn = nn.BatchNorm2d(8)
        s.block = Block(8, 16, 2)
        s.fc1 = nn.Linear(16, 32); s.bn1 = nn.BatchNorm1d(32)
        s.fc2 = nn.Linear(32, 32, bias=False)

    def forward(s, x):
        x = F.relu(s.bn(s.conv(x)))
        x = s.block(x).mean((2, 3))
        return s.fc2(F.relu(s.bn1(s.fc1(x))))


def loss(za, zb):
    n, d = za.shape
    a, b = za - za.mean(0), zb - zb.mean(0)
    std = lambda z: torch.sqrt(z.var(0, unbiased=True) + 1e-4)
    off = lambda c: c.pow(2).sum() - torch.diagonal(c).pow(2).sum()
    inv = (za - zb).pow(2).mean()
    var = (F.relu(1 - std(a)).mean() + F.relu(1 - std(b)).mean()) / 2
    cov = (off(a.T @ a / (n - 1)) + off(b.T @ b / (n - 1))) / d
    return 25 * inv + 25 * var + cov


OVERFLOWS = (2, 7, 8)  # steps, from 0
FACTOR = 1e6
OPTIMIZERS = {
    "sgd": lambda ps: torch.optim.SGD(ps, lr=0.005, momentum=0.9, weight_decay=1e-4),
    "adamw": lambda ps: torch.optim.AdamW(ps, lr=1e-4, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01),
}


def drawn():
    net = Net()
    g = Lcg(7)
    with torch.no_grad():
        for name, p in net.named_parameters():
            v = g.tensor(*p.shape)
            if ".bn" in "." + name:
                p.copy_(1 + 0.1 * v if name.endswith("weight") else 0.1 * v)
            else:
                fan_in = p[0].numel() if p.ndim > 1 else p.numel()
                p.copy_(v * math.sqrt(3.0 / fan_in))
    return net


def views(data, factor=1, batch=16):
    x = data.tensor(batch, 3, 8, 8)
    return [((x + 0.1 * data.tensor(batch, 3, 8, 8)) * factor).float() for _ in "ab"]


def gradients(half, scale=1024.0):
    """Of the first step."""
    net = drawn()
    xa, xb = views(Lcg(11))
    with torch.autocast("cpu", dtype=torch.float16, enabled=half):
        za, zb = net(xa), net(xb)
    (loss(za.float(), zb.float()) * scale).backward()
    return {name: p.grad.double() / scale for name, p in net.named_parameters()}


def errors():
    """Of each gradient of the first step in mixed precision, by norms, against float32's."""
    whole, half = gradients(False), gradients(True)
    return {n: ((half[n] - whole[n]).norm() / whole[n].norm()).item() for n in whole if n != "fc1.bias"}


def run(optimizer, initial=1024.0, interval=3, steps=16):
    net = drawn()
    opt = OPTIMIZERS[optimizer](net.parameters())
    scaler = torch.amp.GradScaler("cpu", init_scale=initial, growth_interval=interval)
    data = Lcg(11)
    rows = []
    for step in range(steps):
        factor = FACTOR if step in OVERFLOWS else 1
        xa, xb = views(data, factor)
        opt.zero_grad()
        with torch.autocast("cpu", dtype=torch.float16):
            za, zb = net(xa), net(xb)
        total = loss(za.float(), zb.float())
        before = [p.detach().clone() for p in net.parameters()]
        scaler.scale(total).backward()
        scaler.step(opt)
        scaler.update()
        skipped = all(torch.equal(a, b) for a, b in zip(before, net.parameters()))
        finite = math.isfinite(total.item())
        rows.append(dict(total=total.item() if finite else None, skipped=skipped, scale=scaler.get_scale()))
    return dict(optimizer=optimizer, initial=initial, interval=interval, overflows=OVERFLOWS, factor=FACTOR, steps=rows)


if __name__ == "__main__":
    torch.set_num_threads(1)
    (HERE / "half.json").write_text(json.dumps(dict(runs=[run(o) for o in OPTIMIZERS], gradient_errors=errors()), indent=1) + "\n")
