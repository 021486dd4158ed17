"""A linear classifier trained by PyTorch's SGD in float64, as VICReg's evaluate.py does: writes sgd-probe.json beside it.

python3 sgd_probe.py     (PyTorch 2.13.0, which reads the rows from probes.json)

The batch holds all rows, so that their order does not matter, and weights start at 0.
"""

import json
import os

import torch

HERE = os.path.dirname(os.path.abspath(__file__))


def train(x, labels, rate, epochs, decay):
    head = torch.nn.Linear(x.shape[1], 3, dtype=torch.float64)
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    optimizer = torch.optim.SGD(head.parameters(), rate, momentum=0.9, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(head(x), labels).backward()
        optimizer.step()
        schedule.step()
    return {
        "rate": rate,
        "epochs": epochs,
        "decay": decay,
        "weights": head.weight.tolist(),
        "bias": head.bias.tolist(),
    }


def main():
    with open(os.path.join(HERE, "probes.json")) as file:
        rows = json.load(file)["three_classes"]
    x = torch.tensor(rows["x"], dtype=torch.float64) / 64  # smaller, so that the usual rates don't diverge
    labels = torch.tensor(rows["labels"])
    runs = [train(x, labels, 0.02, 100, 1e-6), train(x, labels, 0.3, 20, 0.01)]
    with open(os.path.join(HERE, "sgd-probe.json"), "w") as out:
        json.dump(runs, out, indent=1)
        out.write("\n")


main()
