#!/usr/bin/env python3
"""Trains with PyTorch what the recipe solo-cifar10 trains here, for comparison: the same constants, autocast float16.

Prints one JSON object an epoch: every --knn-every epochs with kNN accuracy on test, at the end with a linear probe's too.
"""
import argparse
import json
import time

import torch
from torch import nn

from torch_eval import knn, measure
from torch_vicreg import Lars, encoder, projector, rate, terms, total
from torch_views import pictures, views


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--data', required=True, help='folder or .tar.gz with train/CLASS/*.jpg and test/CLASS/*.jpg')
    parser.add_argument('--epochs', type=int, default=200)
    parser.add_argument('--warmup-epochs', type=float, default=10)
    parser.add_argument('--width', type=int, default=64)
    parser.add_argument('--batch', type=int, default=256)
    parser.add_argument('--projector', default='2048-2048-2048')
    parser.add_argument('--limit-per-class', type=int, default=0)
    parser.add_argument('--knn-every', type=int, default=10)
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


class Normalised:
    def __init__(self, device):
        self.mean = torch.tensor([.4914, .4822, .4465], device=device).view(1, 3, 1, 1)
        self.deviation = torch.tensor([.247, .2435, .2616], device=device).view(1, 3, 1, 1)

    def __call__(self, x):
        return ((x - self.mean) / self.deviation).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def vectors(trunk, images, normalised):
    trunk.eval()
    found = torch.cat([trunk(normalised(part.float() / 255)) for part in images.split(500)])
    trunk.train()
    return found


def main():
    args = arguments()
    torch.manual_seed(args.seed)
    torch.backends.cudnn.benchmark = True
    device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    half = device.type == 'cuda'
    images, labels = (each.to(device) for each in pictures(args.data, 'train', args.limit_per_class))
    test, test_labels = (each.to(device) for each in pictures(args.data, 'test'))
    normalised = Normalised(device)

    trunk, channels = encoder('resnet18', args.width, images.shape[-1])
    head = projector(channels, [int(w) for w in args.projector.split('-')], bias=True)
    model = nn.Sequential(trunk, head).to(device, memory_format=torch.channels_last)
    peak = 0.3 * args.batch / 256
    optimizer = Lars(model.parameters(), peak)
    scaler = torch.amp.GradScaler(device.type, enabled=half)
    steps_an_epoch = len(images) // args.batch
    if not steps_an_epoch:
        raise SystemExit('%d pictures do not fill a batch of %d' % (len(images), args.batch))
    step, warmup = 0, round(args.warmup_epochs * steps_an_epoch)
    for epoch in range(args.epochs):
        start, sums = time.time(), torch.zeros(4, device=device)
        order = torch.randperm(len(images), device=device)
        for at in range(steps_an_epoch):
            batch = images[order[at * args.batch:(at + 1) * args.batch]]
            for group in optimizer.param_groups:
                group['lr'] = rate(step, peak, warmup, 3e-5, args.epochs * steps_an_epoch)
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(device.type, torch.float16, enabled=half):
                a, b = model(normalised(views(batch))), model(normalised(views(batch)))
            found = terms(a.float(), b.float(), 'solo-learn')
            loss = total(*found)
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            sums += torch.stack([loss, *found]).detach()
            step += 1
        line = dict(zip(('loss', 'invariance', 'variance', 'covariance'), (sums / steps_an_epoch).tolist()))
        line.update(epoch=epoch + 1, seconds=round(time.time() - start, 2))
        if (epoch + 1) % args.knn_every == 0 or epoch + 1 == args.epochs:
            measured = measure if epoch + 1 == args.epochs else lambda *each: {'knn': knn(*each)}
            line.update(measured(vectors(trunk, images, normalised), labels, vectors(trunk, test, normalised), test_labels))
        print(json.dumps(line), flush=True)


if __name__ == '__main__':
    main()
