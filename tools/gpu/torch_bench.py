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

from torch_vicreg import encoder, projector, terms, total


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--net', choices=('resnet18', 'resnet50'), default='resnet18')
    parser.add_argument('--width', type=int, default=64)
    parser.add_argument('--size', type=int, default=32)
    parser.add_argument('--batch', type=int, default=256)
    parser.add_argument('--projector', default='2048-2048-2048')
    parser.add_argument('--precision', choices=('fp16', 'tf32', 'fp32'), default='fp16')
    parser.add_argument('--optimizer', choices=('adamw', 'sgd'), default='adamw')
    parser.add_argument('--steps', type=int, default=30)
    parser.add_argument('--compile', action='store_true', help='with torch.compile')
    return parser.parse_args()


def main():
    args = arguments()
    gpu = torch.cuda.is_available()
    device = torch.device('cuda' if gpu else 'cpu')
    torch.backends.cudnn.benchmark = True
    # With autocast what stays float32 keeps its digits, as ours does.
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = args.precision == 'tf32'
    half = args.precision == 'fp16'

    trunk, channels = encoder(args.net, args.width, args.size)
    model = nn.Sequential(trunk, projector(channels, [int(w) for w in args.projector.split('-')]))
    model = model.to(device, memory_format=torch.channels_last)
    parameters = list(model.parameters())
    optimizer = (torch.optim.AdamW(parameters, 1e-3, weight_decay=1e-4, fused=gpu) if args.optimizer == 'adamw'
                 else torch.optim.SGD(parameters, 0.03, momentum=0.9, weight_decay=1e-4, fused=gpu))
    scaler = torch.amp.GradScaler(device.type, enabled=half)
    network = torch.compile(model) if args.compile else model
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
            za, zb = network(a), network(b)
        loss = total(*terms(za.float(), zb.float()))
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
    counted = seconds[5 if args.steps > 10 else 2:] or seconds
    median = statistics.median(counted)
    print(json.dumps(dict(seconds_per_step=median, pairs_per_second=args.batch / median,
                          slowest_step=max(counted), torch=torch.__version__,
                          parameters=sum(p.numel() for p in parameters),
                          peak_bytes=torch.cuda.max_memory_allocated() if gpu else None)))


if __name__ == '__main__':
    main()
