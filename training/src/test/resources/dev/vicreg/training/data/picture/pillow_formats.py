"""Writes the files of PictureFormatsTest: formats that Java's own ImageIO cannot write. usage: python pillow_formats.py"""
import os
from PIL import Image

here = os.path.dirname(os.path.abspath(__file__))
picture = Image.new("RGB", (24, 16), (255, 255, 255))
picture.paste((220, 30, 40), (0, 0, 12, 16))  # left half red, right half white
exif = Image.Exif()
exif[0x0112] = 6  # turn right by 90 degrees to see it upright: red on top
picture.save(f"{here}/plain.webp", lossless=True)
picture.save(f"{here}/turned.webp", lossless=True, exif=exif)
picture.save(f"{here}/turned.png", exif=exif)
picture.convert("CMYK").save(f"{here}/cmyk.jpg", quality=95)
