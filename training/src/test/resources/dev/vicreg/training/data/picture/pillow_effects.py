"""Draws the reference pictures of PillowConformanceTest. usage: python pillow_effects.py (writes beside itself)"""
import os
import numpy as np
import PIL
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

here = os.path.dirname(os.path.abspath(__file__))
W, H = 45, 31
source = Image.new("RGB", (W, H))
source.putdata([((x * x * 3 + y * 7) % 256, 240 if (x // 4 + y // 4) % 2 else 16, x * y * 5 % 256)
                for y in range(H) for x in range(W)])


def hue(im, shift):
    hsv = np.array(im.convert("HSV"))
    hsv[..., 0] = (hsv[..., 0].astype(int) + shift) % 256
    return Image.fromarray(hsv, "HSV").convert("RGB")


def save(name, im):
    im.convert("RGB").save(f"{here}/{name}.png")


save("resize", source.crop((7, 4, 7 + 31, 4 + 23)).resize((32, 32), Image.BICUBIC))
for f in (0.6, 1.0, 1.4):
    save(f"brightness-{f}", ImageEnhance.Brightness(source).enhance(f))
    save(f"contrast-{f}", ImageEnhance.Contrast(source).enhance(f))
for f in (0.8, 1.2):
    save(f"saturation-{f}", ImageEnhance.Color(source).enhance(f))
for s in (-25, 0, 13, 128):
    save(f"hue-{s}", hue(source, s))
save("greyscale", ImageOps.grayscale(source))
for r in (0.1, 0.5, 1.0, 2.0, 7.5):
    save(f"blur-{r}", source.filter(ImageFilter.GaussianBlur(radius=r)))
save("solarise-128", ImageOps.solarize(source, 128))
save("mirror", ImageOps.mirror(source))

# A whole view: the steps of the recipe in one of their orders.
im = source.crop((7, 4, 7 + 31, 4 + 23)).resize((32, 32), Image.BICUBIC)
im = hue(ImageEnhance.Contrast(im).enhance(1.3), -17)
im = ImageEnhance.Brightness(ImageEnhance.Color(im).enhance(0.85)).enhance(0.7)
im = ImageOps.solarize(im.filter(ImageFilter.GaussianBlur(radius=0.8)), 128)
save("view", ImageOps.mirror(im))
open(f"{here}/pillow-version.txt", "w").write(f"Pillow {PIL.__version__}\n")
