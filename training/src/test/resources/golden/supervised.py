"""Supervised training computed independently in float64 by PyTorch: writes supervised.json beside this file.

Run: python supervised.py   (needs torch)

"losses": cross-entropy with label smoothing and squared error with their gradients, for outputs from the generator that
README.md describes, times 2, [n,k], and targets from the same: one class a row, or numbers.
"trajectories": ten steps on the encoder of trajectory.json with a linear head behind it, of one view a sample. Layers have
rates of their own: the head the rate, the encoder's last layer "encoder" times it, its first "first" times that, and those
between them the geometric sequence. Weights decay, norms and biases don't.
"""
import itertools, json, math, pathlib
import torch
from torch import nn
import torch.nn.functional as F
from two_networks import Lcg, PictureEncoder, kinks, summary

torch.set_default_dtype(torch.float64)
BATCH, STEPS, DECAY = 16, 10, 0.01
LEAST_KINK = 6e-6  # activations stay this far from the kinks of their ReLUs, which float32 resolves


def classes(g, n, k):
    return torch.tensor([int((g.tensor(1).item() + 1) / 2 * k) for _ in range(n)])


def criterion(name, smoothing):
    return nn.CrossEntropyLoss(label_smoothing=smoothing) if name == "cross-entropy" else nn.MSELoss()


def targets(name, g, n, k):
    return classes(g, n, k) if name == "cross-entropy" else g.tensor(n, k)


def one_loss(name, smoothing, n, k, seed):
    g = Lcg(seed)
    x = (2 * g.tensor(n, k)).requires_grad_()
    loss = criterion(name, smoothing)(x, targets(name, g, n, k))
    loss.backward()
    return dict(criterion=name, smoothing=smoothing, n=n, k=k, seed=seed, loss=loss.item(),
                gradient=[[round(v, 12) for v in row] for row in x.grad.tolist()])


class Network(nn.Module):
    def __init__(self, k):
        super().__init__()
        self.encoder = PictureEncoder()
        self.supervised_head = nn.Linear(16, k)

    def forward(self, x):
        return self.supervised_head(self.encoder(x))


def groups(net, rate, encoder, first):
    layers = list(dict.fromkeys(n.rpartition(".")[0] for n, _ in net.encoder.named_parameters()))
    for n, p in net.named_parameters():
        share = 1.0
        if n.startswith("encoder."):
            place = layers.index(n.removeprefix("encoder.").rpartition(".")[0])
            share = encoder * first ** ((len(layers) - 1 - place) / (len(layers) - 1))
        yield dict(params=[p], lr=rate * share, weight_decay=DECAY if p.ndim > 1 else 0.0)


def trajectory(name, smoothing, optimizer, rate, k, data_seed, encoder=0.3, first=0.25):
    kinks.clear()
    net = Network(k)
    g = Lcg(7)
    with torch.no_grad():
        for n, p in net.named_parameters():
            v = g.tensor(*p.shape)
            if ".bn" in n:
                p.copy_(1 + 0.1 * v if n.endswith("weight") else 0.1 * v)
            else:
                p.copy_(v * math.sqrt(3.0 / (p[0].numel() if p.ndim > 1 else p.numel())))
    parameters = list(groups(net, rate, encoder, first))
    update = torch.optim.SGD(parameters, lr=rate, momentum=0.9) if optimizer == "sgd" else torch.optim.AdamW(
        parameters, lr=rate, betas=(0.9, 0.999), eps=1e-8)
    data = Lcg(data_seed)
    losses = []
    for _ in range(STEPS):
        x = data.tensor(BATCH, 3, 8, 8)
        loss = criterion(name, smoothing)(net(x), targets(name, data, BATCH, k))
        if min(kinks) < LEAST_KINK:
            return None
        update.zero_grad()
        loss.backward()
        update.step()
        losses.append(loss.item())
    return dict(criterion=name, smoothing=smoothing, optimizer=optimizer, rate=rate, k=k, encoder=encoder, first=first,
                weight_decay=DECAY, data_seed=data_seed, nearest_kink=min(kinks), losses=losses,
                final=summary((n, v) for n, v in itertools.chain(net.named_parameters(), net.named_buffers())
                              if "num_batches" not in n))


def resolved(*run):
    """The run on the first data from seed 11 on that stay clear of kinks."""
    return next(found for found in (trajectory(*run, seed) for seed in itertools.count(11)) if found)


if __name__ == "__main__":
    losses = [one_loss("cross-entropy", 0.0, 8, 5, 1), one_loss("cross-entropy", 0.1, 8, 5, 2),
              one_loss("cross-entropy", 0.3, 3, 2, 3), one_loss("squared-error", 0.0, 8, 1, 4),
              one_loss("squared-error", 0.0, 4, 3, 5)]
    runs = [("cross-entropy", 0.1, "sgd", 0.05, 5), ("cross-entropy", 0.1, "adamw", 2e-3, 5),
            ("squared-error", 0.0, "sgd", 0.02, 1)]
    trajectories = [resolved(*run) for run in runs]
    pathlib.Path(__file__).with_name("supervised.json").write_text(
        json.dumps(dict(losses=losses, trajectories=trajectories), indent=1) + "\n")
    for run in trajectories:
        print(run["criterion"], run["optimizer"], run["data_seed"], run["losses"][0], run["losses"][-1], run["nearest_kink"])
