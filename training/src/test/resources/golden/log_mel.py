"""Writes log_mel.json: the log-mel front end in float64 by PyTorch's FFT, apart from this project. Usage: log_mel.py"""
import json
import math

import torch

RATE, WINDOW, HOP, BANDS, LOW, HIGH, LENGTH, EPSILON = 8000, 200, 80, 20, 50.0, 4000.0, 1000, 1e-5


def lcg(seed, count):
    values = []
    for _ in range(count):
        seed = (1664525 * seed + 1013904223) % 2**32
        values.append(seed / 2**31 - 1)
    return torch.tensor(values, dtype=torch.float64)


def signals():
    time = torch.arange(LENGTH, dtype=torch.float64) / RATE
    noise = lcg(5, LENGTH) * 1.7
    tone = 0.8 * torch.sin(2 * math.pi * 440 * time) + 0.001 * torch.sin(2 * math.pi * 3000 * time)
    decay = torch.exp(-30 * time) * torch.sin(2 * math.pi * 1000 * time)
    both = torch.stack([torch.stack([noise, torch.zeros_like(noise)]), torch.stack([tone, decay])])
    return both.float().double()  # what a graph of float32 is fed


def mel(f):
    return 2595 * math.log10(1 + f / 700)


def hertz(m):
    return 700 * (10 ** (m / 2595) - 1)


def bands(size):
    edges = [hertz(mel(LOW) + (mel(HIGH) - mel(LOW)) * i / (BANDS + 1)) for i in range(BANDS + 2)]
    frequency = torch.arange(size // 2 + 1, dtype=torch.float64) * RATE / size
    rows = []
    for left, middle, right in zip(edges, edges[1:], edges[2:]):
        row = torch.minimum((frequency - left) / (middle - left), (right - frequency) / (right - middle)).clamp(min=0)
        rows.append(row / row.sum())
    return torch.stack(rows)


size = 1 << (WINDOW - 1).bit_length()
window = torch.hann_window(WINDOW, periodic=True, dtype=torch.float64)
frames = signals().unfold(-1, WINDOW, HOP) * window  # [N,C,frames,window]
power = torch.fft.rfft(frames, n=size).abs() ** 2 / (window**2).sum()
energy = power @ bands(size).T  # [N,C,frames,bands]
result = (torch.log1p(energy / EPSILON) / math.log(1 / EPSILON)).transpose(-1, -2)
json.dump({"shape": list(result.shape), "values": [round(v, 9) for v in result.flatten().tolist()]}, open("log_mel.json", "w"))
print(result.shape, result.amin(), result.amax())
