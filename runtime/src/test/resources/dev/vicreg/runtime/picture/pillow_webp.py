"""Makes the WebP files of WebpFileTest, and what Pillow decodes them to. Pillow 12.3.0: python3 pillow_webp.py"""

from PIL import Image


def picture(width, height):
    image = Image.new("RGB", (width, height))
    for y in range(height):
        for x in range(width):
            disc = (x - 14) ** 2 + (y - 11) ** 2 < 60
            image.putpixel((x, y), (220, 30, 90) if disc else (x * 6 % 256, y * 9 % 256, x * y // 3 % 256))
    return image


def decoded(name):
    image = Image.open(name + ".webp").convert("RGBA")
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    Image.alpha_composite(white, image).convert("RGB").save(name + ".png")


def main():
    image = picture(39, 27)
    image.save("lossy.webp", quality=40, method=0)
    image.save("lossless.webp", lossless=True)
    alpha = image.copy()
    alpha.putalpha(Image.linear_gradient("L").resize(image.size))
    alpha.save("alpha.webp", quality=40, method=0)
    # libwebp cuts frames to what changed: the first, transparent at the sides, lies at an offset on its canvas
    canvas = Image.new("RGBA", (60, 50), (0, 0, 0, 0))
    canvas.paste(alpha, (10, 12))
    canvas.save("canvas.webp", save_all=True, append_images=[canvas.rotate(90)], duration=50, quality=40, method=0)
    for name in ("lossy", "lossless", "alpha", "canvas"):
        decoded(name)


main()
