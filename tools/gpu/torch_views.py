"""Pictures and their views as tensors on the GPU: solo-learn's augmentation for CIFAR, a whole batch at a time.

As Pillow's, but on floats in 0 to 1 instead of bytes.
"""
import io
import math
import os
import tarfile

import torch
from PIL import Image
from torch.nn import functional


def members(data, part):
    """Names and bytes of the pictures below `part` of a folder or an archive, in the order of their names."""
    if os.path.isdir(data):
        for folder, _, names in sorted(os.walk(os.path.join(data, part))):
            for name in sorted(names):
                with open(os.path.join(folder, name), 'rb') as file:
                    yield os.path.join(os.path.basename(folder), name), file.read()
        return
    with tarfile.open(data) as archive:
        found = {}
        for entry in archive:
            words = entry.name.split('/')
            if entry.isfile() and len(words) >= 3 and words[-3] == part:
                found['/'.join(words[-2:])] = archive.extractfile(entry).read()
    yield from sorted(found.items())


def pictures(data, part, limit_per_class=0):
    """Pictures as bytes [N,3,S,S] and the number of each one's class [N]."""
    images, labels, classes, counts = [], [], {}, {}
    for name, content in members(data, part):
        label = classes.setdefault(os.path.dirname(name), len(classes))
        counts[label] = counts.get(label, 0) + 1
        if limit_per_class and counts[label] > limit_per_class:
            continue
        with Image.open(io.BytesIO(content)) as image:
            raw = bytearray(image.convert('RGB').tobytes())
            images.append(torch.frombuffer(raw, dtype=torch.uint8).view(image.height, image.width, 3))
        labels.append(label)
    if not images:
        raise SystemExit('no pictures in %s of %s: expected %s/CLASS/NAME.jpg' % (part, data, part))
    return torch.stack(images).permute(0, 3, 1, 2).contiguous(), torch.tensor(labels)


def windows(n, size, device, smallest=0.2):
    """Left, top, width and height [N,4] of torchvision's RandomResizedCrop: ten tries, else the whole picture."""
    area = torch.empty(n, 10, device=device).uniform_(smallest, 1) * size * size
    ratio = torch.empty(n, 10, device=device).uniform_(-1, 1).mul_(math.log(4 / 3)).exp()
    width, height = (area * ratio).sqrt().round(), (area / ratio).sqrt().round()
    fits = (width > 0) & (width <= size) & (height > 0) & (height <= size)
    first = fits.float().argmax(1, keepdim=True)
    width, height = width.gather(1, first), height.gather(1, first)
    none = ~fits.any(1, keepdim=True)
    width, height = width.masked_fill(none, size), height.masked_fill(none, size)
    left = (torch.rand(n, 1, device=device) * (size - width + 1)).floor()
    top = (torch.rand(n, 1, device=device) * (size - height + 1)).floor()
    return torch.cat([left, top, width, height], 1)


def crop(x, boxes):
    """The windows of [N,3,S,S], resampled to its size as Pillow does, along rows, then along columns."""
    size = x.shape[-1]
    at = (torch.arange(size, device=x.device) + 0.5) / size
    left, top, width, height = boxes.unbind(1)
    x = resample(x, left[:, None] + at * width[:, None], left, width, 3)
    return resample(x, top[:, None] + at * height[:, None], top, height, 2)


def resample(x, places, start, length, axis):
    """Cubic convolution (a = -0.5) along one axis of [N,3,S,S] at places [N,S], in pixels; what lies outside weighs 0."""
    base = (places - 0.5).floor()
    result, sums = 0, 0
    for step in range(-1, 3):
        tap = base + step
        distance = (places - 0.5 - tap).abs()
        near = (1.5 * distance - 2.5) * distance * distance + 1
        far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
        weight = torch.where(distance <= 1, near, torch.where(distance < 2, far, torch.zeros_like(far)))
        weight = weight * ((tap >= start[:, None]) & (tap < (start + length)[:, None]))
        shape = (len(tap), 1, -1, 1) if axis == 2 else (len(tap), 1, 1, -1)
        index = tap.clamp(0, x.shape[axis] - 1).long()
        result = result + x.gather(axis, index.view(shape).expand_as(x)) * weight.view(shape)
        sums = sums + weight.view(shape)
    return (result / sums).clamp(0, 1)


def grey(x):
    return (0.299 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:]).expand_as(x)


def blend(x, other, factor):
    return (other + (x - other) * factor).clamp(0, 1)


def turn_hue(x, turn):
    """Hue turned by part of the circle [N,1,1]: to hue, saturation, value, and back (Smith 1978)."""
    value, _ = x.max(1)
    chroma = value - x.min(1)[0]
    r, g, b = x.unbind(1)
    safe = chroma.clamp(min=1e-8)
    hue = torch.where(value == r, (g - b) / safe, torch.where(value == g, 2 + (b - r) / safe, 4 + (r - g) / safe))
    hue = hue + 6 * turn
    channels = []
    for offset in (5, 3, 1):
        k = (hue + offset) % 6
        channels.append(value - chroma * torch.minimum(k, 4 - k).clamp(0, 1))
    return torch.stack(channels, 1)


def views(x):
    """One view of each picture: [N,3,S,S] bytes to the same in 0 to 1."""
    n, device = len(x), x.device
    x = crop(x.float() / 255, windows(n, x.shape[-1], device))
    uniform = lambda low, high: torch.empty(n, 1, 1, 1, device=device).uniform_(low, high)
    changed = torch.rand(n, device=device) < 0.8
    order = torch.rand(n, 4, device=device).argsort(1)
    bright, contrast, saturation, hue = uniform(.6, 1.4), uniform(.6, 1.4), uniform(.8, 1.2), uniform(-.1, .1)
    for place in range(4):
        done = [blend(x, torch.zeros_like(x), bright),
                blend(x, grey(x).mean((1, 2, 3), keepdim=True).expand_as(x), contrast),
                blend(x, grey(x), saturation), turn_hue(x, hue[:, 0])]
        which = order[:, place]
        for kind in range(4):
            x = torch.where((changed & (which == kind)).view(-1, 1, 1, 1), done[kind], x)
    chance = lambda p: torch.rand(n, 1, 1, 1, device=device) < p
    x = torch.where(chance(.2), grey(x), x)
    x = torch.where(chance(.1) & (x >= 128 / 255), 1 - x, x)
    return torch.where(chance(.5), x.flip(3), x)
