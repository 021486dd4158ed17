"""Writes the CMYK files of PictureDecoderTest. usage: python pillow_cmyk.py (writes beside itself)"""
import io
import os
from PIL import Image

here = os.path.dirname(os.path.abspath(__file__))
picture = Image.new("RGB", (32, 16), (220, 30, 40))
picture.paste((20, 120, 200), (16, 0, 32, 16))
cmyk = picture.convert("CMYK")
cmyk.paste((35, 60, 90, 51), (0, 8, 32, 16))  # some black, too
cmyk.save(f"{here}/cmyk.jpg", quality=100)
Image.open(f"{here}/cmyk.jpg").convert("RGB").save(f"{here}/cmyk.png")

# YCCK: Pillow cannot write it, but inverts what it writes as CMYK. So the YCbCr of the picture without black is
# written as if it were C, M, Y, which leaves the YCbCr of the inks in the file; then Adobe's transform is set to 2.
c, m, y, k = cmyk.split()
without_black = [Image.eval(ink, lambda v: 255 - v) for ink in (c, m, y)]
luma, cb, cr = Image.merge("RGB", without_black).convert("YCbCr").split()
buffer = io.BytesIO()
Image.merge("CMYK", [luma, cb, cr, k]).save(buffer, "JPEG", quality=100)
data = bytearray(buffer.getvalue())
data[data.index(b"Adobe") + 11] = 2
open(f"{here}/ycck.jpg", "wb").write(data)
Image.open(f"{here}/ycck.jpg").convert("RGB").save(f"{here}/ycck.png")
