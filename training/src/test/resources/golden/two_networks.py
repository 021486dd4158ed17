"""Ten steps of two networks that share nothing, in float64 by PyTorch: writes two-networks.json beside this file.

Run: python two_networks.py   (needs torch)

Branch a is the convolutional network of trajectory.json on pictures, branch b a small one on vectors that belong to
them. Modules are nested so that state_dict names the parameters as this project does; branch b's get the prefix "b.".
Inputs and first weights come from the generator that README.md describes.
"""
import json, math, pathlib
import torch
from torch import nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
BATCH, STEPS, VECTOR = 16, 10, 12
DATA_SEED = 13  # its activations stay 3e-6 away from the kinks of their ReLUs, which float32 resolves
kinks = []  # smallest distance of an activation from the kink of its ReLU


class Lcg:
    def __init__(self, seed):
        self.s = seed

    def tensor(self, *shape):
        values = []
        for _ in range(math.prod(shape)):
            self.s = (1664525 * self.s + 1013904223) & 0xFFFFFFFF
            values.append(self.s / 2147483648.0 - 1.0)
        return torch.tensor(values).reshape(*shape)


class Relu(nn.Module):
    def forward(self, x):
        kinks.append(x.detach().abs().min().item())
        return F.relu(x)


relu = Relu()


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(8, 16, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 16, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(16)
        self.short = nn.Conv2d(8, 16, 1, 2, bias=False)
        self.bns = nn.BatchNorm2d(16)

    def forward(self, x):
        y = relu(self.bn1(self.conv1(x)))
        return relu(self.bn2(self.conv2(y)) + self.bns(self.short(x)))


class PictureEncoder(nn.Module):  # [N,3,8,8] -> [N,16]
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, 1, 1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.block = Block()

    def forward(self, x):
        return self.block(relu(self.bn(self.conv(x)))).mean((2, 3))


class VectorEncoder(nn.Module):  # [N,12] -> [N,10]
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(VECTOR, 20, bias=False)
        self.bn = nn.BatchNorm1d(20)
        self.fc2 = nn.Linear(20, 10, bias=False)

    def forward(self, x):
        return relu(self.fc2(relu(self.bn(self.fc1(x)))))


class Branch(nn.Module):
    def __init__(self, encoder, width, hidden):
        super().__init__()
        self.encoder = encoder
        self.projector = nn.Sequential(
            nn.Linear(width, hidden), nn.BatchNorm1d(hidden), Relu(), nn.Linear(hidden, 32, bias=False))

    def forward(self, x):
        return self.projector(self.encoder(x))


def terms(za, zb):
    """The official form: invariance averaged over n and d, variances averaged, covariances added."""
    n, d = za.shape
    def own(z):
        c = z - z.mean(0)
        m = c.T @ c / (n - 1)
        return F.relu(1 - torch.sqrt(z.var(0) + 1e-4)).mean(), (m.pow(2).sum() - m.diagonal().pow(2).sum()) / d
    (va, ca), (vb, cb) = own(za), own(zb)
    return (za - zb).pow(2).mean(), (va + vb) / 2, ca + cb


class Lars(torch.optim.Optimizer):
    """facebookresearch/vicreg: q = eta*|p|/|g + wd*p| for parameters of two and more dimensions; the rest as SGD."""
    def __init__(self, params):
        super().__init__(params, dict())

    @torch.no_grad()
    def step(self):
        for p in self.param_groups[0]["params"]:
            direction = p.grad
            if p.ndim > 1:
                direction = direction + 1e-6 * p
                norm, length = p.norm(), direction.norm()
                direction = direction * (0.001 * norm / length if norm > 0 and length > 0 else 1.0)
            mu = self.state[p].setdefault("mu", torch.zeros_like(p))
            mu.mul_(0.9).add_(direction)
            p.add_(mu, alpha=-0.3)


OPTIMIZERS = {
    "sgd": lambda ps: torch.optim.SGD(ps, lr=0.05, momentum=0.9, weight_decay=1e-4),
    "adamw": lambda ps: torch.optim.AdamW(ps, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01),
    "lars-official": Lars,
}


def summary(named):
    return {n: dict(norm=t.norm().item(), first4=t.flatten()[:4].tolist()) for n, t in named}


def trajectory(name):
    kinks.clear()
    pair = nn.ModuleDict({"a": Branch(PictureEncoder(), 16, 32), "b": Branch(VectorEncoder(), 10, 24)})
    ours = lambda n: n[2:] if n.startswith("a.") else n
    g = Lcg(7)
    with torch.no_grad():
        for n, p in pair.named_parameters():
            v = g.tensor(*p.shape)
            norm = any(part.startswith("bn") for part in n.split(".")) or "projector.1." in n
            if norm:
                p.copy_(1 + 0.1 * v if n.endswith("weight") else 0.1 * v)
            else:
                p.copy_(v * math.sqrt(3.0 / (p[0].numel() if p.ndim > 1 else p.numel())))
    optimizer = OPTIMIZERS[name](list(pair.parameters()))
    data = Lcg(DATA_SEED)
    steps, first = [], None
    for step in range(STEPS):
        x = data.tensor(BATCH, 3, 8, 8)
        a = x + 0.1 * data.tensor(BATCH, 3, 8, 8)
        b = x.flatten(1)[:, :VECTOR] + 0.1 * data.tensor(BATCH, VECTOR)
        optimizer.zero_grad()
        inv, var, cov = terms(pair["a"](a), pair["b"](b))
        total = 25 * inv + 25 * var + cov
        total.backward()
        if first is None:
            first = summary((ours(n), p.grad) for n, p in pair.named_parameters())
        optimizer.step()
        steps.append(dict(step=step, invariance=inv.item(), variance=var.item(), covariance=cov.item(),
                          total=total.item()))
    return dict(optimizer=name, data_seed=DATA_SEED, nearest_kink=min(kinks), steps=steps, first_step_gradients=first,
                final_parameters=summary((ours(n), p.detach()) for n, p in pair.named_parameters()),
                final_running_statistics=summary((ours(n), b) for n, b in pair.named_buffers() if "running" in n))


if __name__ == "__main__":
    runs = [trajectory(name) for name in OPTIMIZERS]
    pathlib.Path(__file__).with_name("two-networks.json").write_text(json.dumps(runs, indent=1) + "\n")
    for run in runs:
        print(run["optimizer"], run["steps"][0]["total"], run["steps"][-1]["total"], "nearest kink", run["nearest_kink"])
