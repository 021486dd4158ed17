"""Draws the reference pictures of ResamplingTest with Pillow. usage: python pillow_resize.py (writes beside itself)"""
import os
import PIL
from PIL import Image

here = os.path.dirname(os.path.abspath(__file__))
W, H = 37, 29
source = Image.new("RGB", (W, H))
source.putdata([((x * x * 3 + y * 7) % 256, 240 if (x // 4 + y // 4) % 2 else 16, x * y * 5 % 256)
                for y in range(H) for x in range(W)])
for name, kernel in (("bicubic", Image.BICUBIC), ("bilinear", Image.BILINEAR)):
    for w, h in ((16, 16), (32, 32), (64, 48), (37, 10), (5, 29)):
        source.resize((w, h), kernel).save(f"{here}/{name}-{w}x{h}.png")
# The window alone has influence: the crop is taken first.
source.crop((3, 5, 3 + 21, 5 + 17)).resize((32, 32), Image.BICUBIC).save(f"{here}/bicubic-crop-32x32.png")
open(f"{here}/pillow-version.txt", "w").write(f"Pillow {PIL.__version__}\n")
