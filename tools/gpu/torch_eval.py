#!/usr/bin/env python3
"""Measures vectors of an encoder, this project's or PyTorch's, by the same code: kNN, and a linear probe trained on them.

usage: torch_eval.py TRAIN.npy TEST.npy    beside each the names of its samples as NAME.paths.txt: CLASS/FILE a line
"""
import json
import math
import os
import struct
import sys

import torch
from torch import nn
from torch.nn import functional


def knn(train, train_labels, test, test_labels, k=20, temperature=0.07):
    """The share of test vectors whose class the k nearest training vectors vote for, weighted by exp(cosine / T)."""
    train, test = functional.normalize(train), functional.normalize(test)
    right, classes = 0, int(train_labels.max()) + 1
    for part, labels in zip(test.split(500), test_labels.split(500)):
        near, index = (part @ train.T).topk(min(k, len(train)))
        votes = torch.zeros(len(part), classes, device=part.device)
        votes.scatter_add_(1, train_labels[index], (near / temperature).exp())
        right += (votes.argmax(1) == labels).sum().item()
    return right / len(test)


def linear(train, train_labels, test, test_labels, epochs=100, batch=256):
    """Accuracy of a linear layer on standardised vectors: SGD, momentum 0.9, cosine from 0.1; offline, encoder frozen.

    The last epoch counts, whatever came before: the test vectors choose nothing."""
    torch.manual_seed(0)
    mean, deviation = train.mean(0), train.std(0) + 1e-6
    train, test = (train - mean) / deviation, (test - mean) / deviation
    layer = nn.Linear(train.shape[1], int(train_labels.max()) + 1).to(train.device)
    optimizer = torch.optim.SGD(layer.parameters(), 0.1, momentum=0.9)
    for epoch in range(epochs):
        for group in optimizer.param_groups:
            group['lr'] = 0.1 * 0.5 * (1 + math.cos(math.pi * epoch / epochs))
        for rows in torch.randperm(len(train), device=train.device).split(batch):
            optimizer.zero_grad()
            functional.cross_entropy(layer(train[rows]), train_labels[rows]).backward()
            optimizer.step()
    with torch.no_grad():
        return (layer(test).argmax(1) == test_labels).float().mean().item()


def measure(train, train_labels, test, test_labels):
    return {'knn': knn(train, train_labels, test, test_labels), 'linear': linear(train, train_labels, test, test_labels),
            'train': len(train), 'test': len(test)}


def read(path):
    """Vectors [N,D] of a float32 .npy file of version 1, as `vicreg embed` writes it; needs no NumPy."""
    with open(path, 'rb') as file:
        magic = file.read(8)
        header = file.read(struct.unpack('<H', file.read(2))[0]).decode()
        if magic[:7] != b'\x93NUMPY\x01' or "'<f4'" not in header or "'fortran_order': False" not in header:
            raise SystemExit('%s: expected a .npy file of float32, found %s' % (path, header.strip()))
        shape = [int(size) for size in header.split('(')[1].split(')')[0].split(',') if size.strip()]
        return torch.frombuffer(bytearray(file.read()), dtype=torch.float32).view(shape)


def labels(path, classes):
    with open(os.path.splitext(path)[0] + '.paths.txt') as file:
        return torch.tensor([classes.setdefault(line.split('/')[-2], len(classes)) for line in file])


def main():
    device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    classes, tensors = {}, []
    for path in sys.argv[1:3]:
        tensors += [read(path).to(device), labels(path, classes).to(device)]
    print(json.dumps(measure(*tensors)))


if __name__ == '__main__':
    main()
