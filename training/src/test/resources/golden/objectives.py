"""Objectives computed independently in float64 by PyTorch: writes objectives.json beside this file.

Run: python objectives.py   (needs torch)

"losses": total, terms and gradients for projections from the generator that README.md describes: the views, then what
predictors give, what averaged networks give and directions, as far as the objective wants them, each [n,d].
"trajectories": ten steps of SGD on the network of trajectory.json, parameters named as this project names them. Directions
of step t are columns of unit length made of values of seed 1000 + t.

Nothing here is this project's code: losses are written from the papers' equations with torch's own functions.
"""
import copy, itertools, json, math, pathlib
import torch
from torch import nn
import torch.nn.functional as F
from two_networks import Lcg, PictureEncoder, Relu, kinks, summary

torch.set_default_dtype(torch.float64)
BATCH, STEPS, DIRECTIONS = 16, 10, 24
LEAST_KINK = 3e-6  # activations stay this far from the kinks of their ReLUs, which float32 resolves


def unit(columns):
    return columns / columns.norm(dim=0, keepdim=True)


# ---- the objectives: (settings) -> (views, predictions, targets, directions) -> total, terms

def hinge(z):
    return F.relu(1 - torch.sqrt(z.var(0) + 1e-4)).mean()


def off_diagonal(m):
    return m[~torch.eye(len(m), dtype=torch.bool)]


def vicreg(variant):
    def loss(views, *_):
        pairs = list(itertools.combinations(views, 2))
        inv = sum(F.mse_loss(a, b) for a, b in pairs) / len(pairs)
        inv = inv * (views[0].shape[1] if variant == "paper" else 1)
        var = sum(hinge(z) for z in views) / len(views) * (1 if variant == "official" else 2)
        cov = 2 * sum(off_diagonal(torch.cov(z.T)).pow(2).sum() / z.shape[1] for z in views) / len(views)
        return 25 * inv + 25 * var + cov, dict(invariance=inv, variance=var, covariance=cov)
    return loss


def barlow(lam, scale):
    def loss(views, *_):
        on, off, pairs = 0, 0, list(itertools.combinations(views, 2))
        for a, b in pairs:
            norm = nn.BatchNorm1d(a.shape[1], affine=False)
            c = norm(a).T @ norm(b) / len(a)
            on = on + (c.diagonal() - 1).pow(2).sum() / len(pairs)
            off = off + off_diagonal(c).pow(2).sum() / len(pairs)
        return scale * (on + lam * off), dict(invariance=on, redundancy=off)
    return loss


def similarity(predictions, given):
    pairs = list(itertools.permutations(range(len(predictions)), 2))
    return sum(F.cosine_similarity(predictions[i], given[j], dim=1).mean() for i, j in pairs) / len(pairs)


def simsiam(stop):
    def loss(views, predictions, *_):
        s = similarity(predictions, [z.detach() for z in views] if stop else views)
        return -s, dict(similarity=s)
    return loss


def byol(views, predictions, targets, _):
    s = similarity(predictions, [z.detach() for z in targets])
    return 4 - 4 * s, dict(similarity=s)


def simclr(temperature):
    def loss(views, *_):
        z = F.normalize(torch.cat(views), dim=1)
        n = len(views[0])
        scores = z @ z.T / temperature
        others = ~torch.eye(len(z), dtype=torch.bool)
        sample = torch.arange(n).repeat(len(views))
        positive = (sample[:, None] == sample[None]) & others
        logs = scores - torch.logsumexp(scores.masked_fill(~others, -torch.inf), 1, keepdim=True)
        return (-(logs * positive).sum(1) / positive.sum(1)).mean(), \
            dict(similarity=(scores * temperature)[positive].mean())
    return loss


def spread(views, full):
    """From the mean of the first views, those of full size."""
    z = torch.stack(views)
    return (z - z[:full].mean(0)).square().mean()


def sigreg(lam):
    def loss(views, _, __, directions, full=None):
        t = torch.linspace(0, 3, 17)
        total = 0
        for z in views:
            x = (z @ directions)[..., None] * t
            gap = (torch.exp(1j * x).mean(0) - torch.exp(-t ** 2 / 2)).abs().square()
            total = total + (2 * len(z) * torch.trapezoid(gap * torch.exp(-t ** 2 / 2), t)).mean() / len(views)
        inv = spread(views, full)
        return (1 - lam) * inv + lam * total, dict(invariance=inv, sigreg=total)
    return loss


def visreg(lam):
    def loss(views, _, __, directions, full=None):
        parts = dict(scale=0, center=0, shape=0)
        for z in views:
            n = len(z)
            mean, std = z.mean(0), z.std(0, unbiased=False)
            quantiles = torch.special.ndtri(torch.arange(1, n + 1) / (n + 1))
            along = ((z - mean) / std.detach() @ directions).sort(0).values
            parts["scale"] = parts["scale"] + (std - 1).square().mean() / len(views)
            parts["center"] = parts["center"] + mean.square().mean() / len(views)
            parts["shape"] = parts["shape"] + (along - quantiles[:, None]).square().mean() / len(views)
        inv = spread(views, full)
        return (1 - lam) * inv + lam * sum(parts.values()), dict(invariance=inv, **parts)
    return loss


def coding_rate(weight, eps):
    def loss(views, *_):
        z = [F.normalize(v, dim=1) for v in views]
        s = sum(F.cosine_similarity(v, sum(z) / len(z), dim=1).mean() for v in z) / len(z)
        n, d = z[0].shape
        rate = sum(torch.logdet(torch.eye(d) + d / (n * eps) * v.T @ v) / 2 for v in z) / len(z)
        return -weight * s - rate, dict(similarity=s, coding_rate=rate)
    return loss


OF_DIRECTIONS = ("simsiam", "byol", "simclr", "coding-rate")  # their variance is of sqrt(d) times unit vectors


def with_variance(weight, text):
    base = LOSSES[text]
    of_directions = text.split(",")[0] in OF_DIRECTIONS
    def loss(views, *rest):
        total, terms = base(views, *rest)
        compared = [z.shape[1] ** 0.5 * F.normalize(z, dim=1) for z in views] if of_directions else views
        var = sum(hinge(z) for z in compared) / len(views)
        return total + weight * var, dict(terms, variance=var)
    return loss


LOSSES = {
    "vicreg": vicreg("official"),
    "vicreg solo-learn": vicreg("solo-learn"),
    "vicreg paper": vicreg("paper"),
    "barlow-twins,lambda=0.005,scale=0.025": barlow(0.005, 0.025),
    "simsiam": simsiam(True),
    "simsiam,stop-gradient=0": simsiam(False),
    "byol": byol,
    "simclr,temperature=0.2": simclr(0.2),
    "simclr,temperature=0.01": simclr(0.01),
    "sigreg,lambda=0.05": sigreg(0.05),
    "visreg,lambda=0.6": visreg(0.6),
    "coding-rate,similarity=200,epsilon=0.2": coding_rate(200, 0.2),
}
VARIANCE = 25


def one_loss(text, count, n, d, scale, seed, variance=False, full=None):
    g = Lcg(seed)
    name = text.split(",")[0]
    draw = lambda: (scale * g.tensor(n, d)).requires_grad_()
    views = [draw() for _ in range(count)]
    predictions = [draw() for _ in views] if name in ("simsiam", "byol") else []
    targets = [draw() for _ in views] if name == "byol" else []
    directions = unit(g.tensor(d, DIRECTIONS)) if name in ("sigreg", "visreg") else None
    function = with_variance(VARIANCE, text) if variance else LOSSES[text]
    total, terms = function(views, predictions, targets, directions, *([full] if full else []))
    total.backward()
    gradients = [x.grad if x.grad is not None else torch.zeros(n, d) for x in views + predictions]
    return dict(objective=text, variance_term=VARIANCE if variance else 0, views=count, full_views=full or count, n=n, d=d,
                scale=scale, seed=seed, total=total.item(), terms={k: v.item() for k, v in terms.items()},
                gradients=[dict(norm=g.norm().item(), first4=g.flatten()[:4].tolist()) for g in gradients])


# ---- ten steps

class Network(nn.Module):
    def __init__(self, name, variance):
        super().__init__()
        self.encoder = PictureEncoder()
        norm = name == "simsiam" and not variance
        last = [nn.Linear(32, 32, bias=name != "vicreg" and not norm)]
        if norm:
            last.append(nn.BatchNorm1d(32, affine=False))
        self.projector = nn.Sequential(nn.Linear(16, 32), nn.BatchNorm1d(32), Relu(), *last)

    def forward(self, x):
        return self.projector(self.encoder(x))


def predictor(hidden):
    return nn.Sequential(nn.Linear(32, hidden), nn.BatchNorm1d(hidden), Relu(), nn.Linear(hidden, 32))


def trajectory(text, count, joined, variance, data_seed):
    """joined: how many of the views go through the network as one batch, the rest as another."""
    name = text.split(",")[0].split(" ")[0]
    kinks.clear()
    net = Network(name, variance)
    modules = nn.ModuleDict({"net": net})
    if name in ("simsiam", "byol"):
        modules["predictor"] = predictor(8 if name == "simsiam" else 32)
    ours = lambda n: n.removeprefix("net.")
    g = Lcg(7)
    with torch.no_grad():
        for n, p in modules.named_parameters():
            v = g.tensor(*p.shape)
            norm = ".bn" in n or "projector.1." in n or "predictor.1." in n
            if norm:
                p.copy_(1 + 0.1 * v if n.endswith("weight") else 0.1 * v)
            else:
                p.copy_(v * math.sqrt(3.0 / (p[0].numel() if p.ndim > 1 else p.numel())))
    target = copy.deepcopy(net) if name == "byol" else None
    function = with_variance(VARIANCE, text) if variance else LOSSES[text]
    rate = 2e-4 if name == "coding-rate" else 0.02  # what float32 can follow: its gradients are a hundred times larger
    optimizer = torch.optim.SGD(modules.parameters(), lr=rate, momentum=0.9, weight_decay=1e-4)
    data = Lcg(data_seed)
    steps = []
    for step in range(STEPS):
        x = data.tensor(BATCH, 3, 8, 8)
        crops = [x + 0.1 * data.tensor(BATCH, 3, 8, 8) for _ in range(count)]
        groups = [torch.cat(crops[:joined]), torch.cat(crops[joined:])]
        through = lambda f, inputs: [v for z in map(f, inputs) for v in z.split(BATCH)]
        projected = [net(group) for group in groups]
        views = through(lambda z: z, projected)
        predictions = through(modules["predictor"], projected) if "predictor" in modules else []
        targets = []
        if target:
            with torch.no_grad():
                targets = through(target, groups)
        directions = unit(Lcg(1000 + step).tensor(32, DIRECTIONS))
        total, terms = function(views, predictions, targets, directions)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        if target:
            m = 1 - (1 - 0.99) * (math.cos(math.pi * step / STEPS) + 1) / 2
            with torch.no_grad():
                for t, p in zip(target.parameters(), net.parameters()):
                    t.mul_(m).add_(p, alpha=1 - m)
        steps.append(dict(step=step, total=total.item(), **{k: v.item() for k, v in terms.items()}))
    return dict(objective=text, variance_term=VARIANCE if variance else 0, views=count, joined=joined, rate=rate,
                data_seed=data_seed, nearest_kink=min(kinks), steps=steps,
                final_parameters=summary((ours(n), p.detach()) for n, p in modules.named_parameters()),
                final_running_statistics=summary((ours(n), b) for n, b in modules.named_buffers() if "running" in n))


def resolved(*run):
    """The run on the first data from seed 11 on that stay clear of kinks."""
    for seed in itertools.count(11):
        found = trajectory(*run, seed)
        if found["nearest_kink"] >= LEAST_KINK:
            return found


if __name__ == "__main__":
    losses = []
    for seed, text in enumerate(LOSSES):
        losses.append(one_loss(text, 2, 16, 12, 1.5, 100 + seed))
        losses.append(one_loss(text, 2, 8, 24, 0.7, 200 + seed))
        losses.append(one_loss(text, 5, 16, 12, 1.0, 300 + seed))
        if not text.startswith("vicreg"):
            losses.append(one_loss(text, 2, 16, 12, 0.3, 400 + seed, variance=True))
    for seed, text in enumerate(("sigreg,lambda=0.05", "visreg,lambda=0.6")):
        losses.append(one_loss(text, 5, 16, 12, 1.0, 500 + seed, full=2))
    runs = [(text, 2, 1, False) for text in LOSSES if " " not in text and "0.01" not in text]
    runs += [("vicreg", 5, 3, False), ("coding-rate,similarity=200,epsilon=0.2", 4, 2, False), ("byol", 4, 2, False),
             ("simsiam,stop-gradient=0", 2, 1, True), ("byol", 2, 1, True)]
    trajectories = [resolved(*run) for run in runs]
    pathlib.Path(__file__).with_name("objectives.json").write_text(
        json.dumps(dict(losses=losses, trajectories=trajectories), indent=1) + "\n")
    for run in trajectories:
        print(run["objective"], run["views"], run["data_seed"], run["steps"][0]["total"], run["steps"][-1]["total"],
              "nearest kink", run["nearest_kink"])
