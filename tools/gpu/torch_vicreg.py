"""VICReg in PyTorch, as its users write it: what this project is compared with.

Run as a program it checks its own loss against golden figures, since a comparison with something else is worth nothing:

usage: torch_vicreg.py loss.json
"""
import json
import math
import sys

import torch
from torch import nn
from torch.nn import functional


def conv(channels, out, kernel, stride=1):
    layer = nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False)
    nn.init.kaiming_normal_(layer.weight, mode='fan_out', nonlinearity='relu')
    return layer


class Residual(nn.Module):
    """A block of torchvision's ResNets: two 3x3 convolutions, or a bottleneck of 1x1, 3x3 and 1x1."""

    def __init__(self, channels, width, stride, bottleneck):
        super().__init__()
        out = width * (4 if bottleneck else 1)
        plan = [(channels, width, 1, 1), (width, width, 3, stride), (width, out, 1, 1)] if bottleneck else [
            (channels, width, 3, stride), (width, width, 3, 1)]
        layers = []
        for step in plan:
            layers += [conv(*step), nn.BatchNorm2d(step[1]), nn.ReLU(inplace=True)]
        self.path = nn.Sequential(*layers[:-1])
        same = stride == 1 and channels == out
        self.shortcut = nn.Identity() if same else nn.Sequential(conv(channels, out, 1, stride), nn.BatchNorm2d(out))

    def forward(self, x):
        return functional.relu(self.path(x) + self.shortcut(x), inplace=True)


def encoder(net, width, size):
    """A ResNet with the stem for small pictures up to 64 pixels, and the length of its vectors."""
    bottleneck = net == 'resnet50'
    layers = [conv(3, width, 3) if size <= 64 else conv(3, width, 7, 2), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    if size > 64:
        layers.append(nn.MaxPool2d(3, 2, 1))
    channels = width
    for stage, blocks in enumerate((3, 4, 6, 3) if bottleneck else (2, 2, 2, 2)):
        for block in range(blocks):
            layers.append(Residual(channels, width << stage, 2 if stage and not block else 1, bottleneck))
            channels = (width << stage) * (4 if bottleneck else 1)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), channels


def projector(inputs, widths, bias=False):
    """Linear, norm and ReLU for each width but the last, which is linear alone: solo-learn gives it a bias."""
    layers = []
    for width in widths[:-1]:
        layers += [nn.Linear(inputs, width), nn.BatchNorm1d(width), nn.ReLU(inplace=True)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, widths[-1], bias=bias))


def terms(a, b, variant='official'):
    """Invariance, variance and covariance; solo-learn adds the two branches' variances, the official code averages them."""
    n, d = a.shape
    invariance = functional.mse_loss(a, b)
    variance, covariance = 0, 0
    for z in (a, b):
        z = z - z.mean(0)
        variance = variance + functional.relu(1 - torch.sqrt(z.var(0) + 1e-4)).mean()
        c = z.T @ z / (n - 1)
        covariance = covariance + (c.square().sum() - c.diagonal().square().sum()) / d
    return invariance, variance if variant == 'solo-learn' else variance / 2, covariance


def total(invariance, variance, covariance):
    return 25 * invariance + 25 * variance + covariance


class Lars(torch.optim.Optimizer):
    """LARS as solo-learn has it: trust ratio min(0.02 |p| / (|g| + wd |p| + 1e-8) / lr, 1); 1-D parameters move by SGD.

    Written with PyTorch's grouped operators, so that it isn't slower than it has to be."""

    def __init__(self, parameters, lr, momentum=0.9, weight_decay=1e-4, eta=0.02):
        super().__init__(parameters, dict(lr=lr, momentum=momentum, weight_decay=weight_decay, eta=eta))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            lr, decay = group['lr'], group['weight_decay']
            parameters = [p for p in group['params'] if p.grad is not None]
            for p in parameters:
                if not self.state[p]:
                    self.state[p]['momentum'] = torch.zeros_like(p)
            large = [p for p in parameters if p.ndim > 1]
            moves = {id(p): p.grad for p in parameters if p.ndim <= 1}
            gradients = [p.grad for p in large]
            decayed = torch._foreach_add(gradients, large, alpha=decay)
            lengths, slopes = torch.stack(torch._foreach_norm(large)), torch.stack(torch._foreach_norm(gradients))
            ratios = group['eta'] * lengths / (slopes + decay * lengths + 1e-8)
            ratios = torch.where((lengths > 0) & (slopes > 0), ratios, torch.ones_like(ratios)) / lr
            scaled = torch._foreach_mul(decayed, list(ratios.clamp(max=1).unbind()))
            moves.update((id(p), move) for p, move in zip(large, scaled))
            momenta = [self.state[p]['momentum'] for p in parameters]
            torch._foreach_mul_(momenta, group['momentum'])
            torch._foreach_add_(momenta, [moves[id(p)] for p in parameters])
            torch._foreach_add_(parameters, momenta, alpha=-lr)


def rate(step, peak, warmup, start, steps):
    """The rate of a step, from 0: linear warm-up, then a half cosine to 0."""
    if step < warmup:
        return start + (peak - start) * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * min(1, (step - warmup) / max(1, steps - warmup))))


def formula(seed, n, d, scale):
    """The golden figures' input: a linear congruential generator. Gives an array and the generator's state."""
    values = []
    for _ in range(n * d):
        seed = (1664525 * seed + 1013904223) % 2 ** 32
        values.append(seed / 2 ** 31 - 1)
    return torch.tensor(values, dtype=torch.float64).view(n, d) * scale, seed


def check(path):
    """The largest relative distance of loss and gradient norms from the golden figures, in float64."""
    worst, cases = 0, 0
    with open(path) as file:
        golden = json.load(file)
    for case in golden:
        if 'seed' not in case or case['variant'] not in ('official', 'solo-learn'):
            continue
        a, state = formula(case['seed'], case['n'], case['d'], case['scale'])
        b, _ = formula(state, case['n'], case['d'], case['scale'])
        a.requires_grad_(), b.requires_grad_()
        found = terms(a, b, case['variant'])
        loss = total(*found)
        loss.backward()
        pairs = list(zip((*found, loss, a.grad.norm(), b.grad.norm()), map(case.get, (
            'invariance', 'variance', 'covariance', 'total', 'grad_a_norm', 'grad_b_norm'))))
        worst = max([worst] + [abs(x.item() - y) / max(abs(y), 1e-3) for x, y in pairs])
        cases += 1
    return cases, worst


if __name__ == '__main__':
    checked, distance = check(sys.argv[1])
    print(json.dumps(dict(cases=checked, largest_relative_distance=distance)))
    sys.exit(0 if checked and distance < 1e-12 else 1)  # 2e-16 measured
