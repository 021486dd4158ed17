#!/usr/bin/env python3
"""Times VICReg steps of PyTorch on random views, for comparison: channels-last, batch norms per view, the loss in float32.

The last line is JSON: seconds_per_step and pairs_per_second, medians over all but the first five steps (two of few).
"""
import argparse
import contextlib
import json
import statistics
import time

import torch
from torch import nn
from torch.nn import functional


def conv(channels, out, kernel, stride=1):
    return nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False)


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
    bottleneck = net == 'resnet50'
    layers = [conv(3, width, 3) if size <= 64 else conv(3, width, 7, 2), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    if size > 64:
        layers.append(nn.MaxPool2d(3, 2, 1))
    channels = width
    for stage, blocks in enumerate((3, 4, 6, 3) if bottleneck else (2, 2, 2, 2)):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            layers.append(Residual(channels, width << stage, stride, bottleneck))
            channels = (width << stage) * (4 if bottleneck else 1)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()), channels


def projector(inputs, widths):
    layers = []
    for width in widths[:-1]:
        layers += [nn.Linear(inputs, width), nn.BatchNorm1d(width), nn.ReLU(inplace=True)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, widths[-1], bias=False))


def vicreg(a, b):
    """The official code's loss with its usual coefficients."""
    n, d = a.shape
    invariance = functional.mse_loss(a, b)
    variance, covariance = 0, 0
    for z in (a, b):
        z = z - z.mean(0)
        variance = variance + functional.relu(1 - torch.sqrt(z.var(0) + 1e-4)).mean() / 2
        c = z.T @ z / (n - 1)
        covariance = covariance + (c.square().sum() - c.diagonal().square().sum()) / d
    return 25 * invariance + 25 * variance + covariance


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--net', choices=('resnet18', 'resnet50'), default='resnet18')
    parser.add_argument('--width', type=int, default=64)
    parser.add_argument('--size', type=int, default=32)
    parser.add_argument('--batch', type=int, default=256)
    parser.add_argument('--projector', default='2048-2048-2048')
    parser.add_argument('--precision', choices=('fp16', 'tf32', 'fp32'), default='fp16')
    parser.add_argument('--optimizer', choices=('adamw', 'sgd'), default='adamw')
    parser.add_argument('--steps', type=int, default=30)
    args = parser.parse_args()
    gpu = torch.cuda.is_available()
    device = torch.device('cuda' if gpu else 'cpu')
    torch.backends.cudnn.benchmark = True
    # With autocast what stays float32 keeps its digits, as ours does.
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = args.precision == 'tf32'
    half = args.precision == 'fp16'

    trunk, channels = encoder(args.net, args.width, args.size)
    model = nn.Sequential(trunk, projector(channels, [int(w) for w in args.projector.split('-')]))
    model = model.to(device, memory_format=torch.channels_last)
    optimizer = (torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=1e-4) if args.optimizer == 'adamw'
                 else torch.optim.SGD(model.parameters(), 0.03, momentum=0.9, weight_decay=1e-4))
    scaler = torch.amp.GradScaler(device.type, enabled=half)
    mean = torch.tensor([123.7, 116.3, 103.5], device=device).view(1, 3, 1, 1)
    deviation = torch.tensor([58.4, 57.1, 57.4], device=device).view(1, 3, 1, 1)
    # Views come as bytes from the host, as in our benchmark, and in pinned memory, as PyTorch's loader gives them.
    views = [torch.randint(256, (args.batch, args.size, args.size, 3), dtype=torch.uint8) for _ in range(2)]
    views = [view.pin_memory() if gpu else view for view in views]

    def step():
        a, b = (((view.to(device, non_blocking=True).permute(0, 3, 1, 2).float() - mean) / deviation)
                .contiguous(memory_format=torch.channels_last) for view in views)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.float16) if half else contextlib.nullcontext():
            za, zb = model(a), model(b)
        loss = vicreg(za.float(), zb.float())
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return loss.item()

    seconds = []
    for _ in range(args.steps):
        start = time.perf_counter()
        step()
        if gpu:
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds[5 if args.steps > 10 else 2:] or seconds)
    print(json.dumps(dict(seconds_per_step=median, pairs_per_second=args.batch / median, torch=torch.__version__,
                          parameters=sum(p.numel() for p in model.parameters()),
                          peak_bytes=torch.cuda.max_memory_allocated() if gpu else None)))


if __name__ == '__main__':
    main()
