#!/usr/bin/env python3
"""Test images in formats/ and the pixels they must decode to, formats/expected.json: GIF, BMP, WebP, TIFF, and JPEGs of four components.

Written and read by Pillow (13.0), whose GIF, BMP and TIFF code and whose libwebp and libjpeg-turbo are none of those that the
project uses. Transparent pictures are composited on white here, in integers. Needs Pillow and numpy.

    python3 formats.py
"""

import io
import json
import pathlib
import struct

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).parent / "formats"
HERE.mkdir(exist_ok=True)
W, H = 21, 14
expected = {}
y, x = np.mgrid[0:H, 0:W]
RGB = np.stack([128 + 100 * np.sin(x / 4 + c) * np.cos(y / 3 - c) for c in range(3)], axis=2).astype(np.uint8)
GREY = RGB[:, :, 0]
ALPHA = (x * 255 // (W - 1)).astype(np.uint8)


def expect(name, pixels, tolerance):
    pixels = np.asarray(pixels)
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    h, w, c = pixels.shape
    expected[name] = dict(width=w, height=h, channels=c, tolerance=tolerance, pixels=[int(v) for v in pixels.reshape(-1)])


def on_white(image):
    a = np.asarray(image.convert("RGBA")).astype(int)
    return (2 * (a[:, :, :3] * a[:, :, 3:] + 255 * (255 - a[:, :, 3:])) + 255) // 510


def write(name, image, tolerance=0, pixels=None, **options):
    image.save(HERE / name, **options)
    with Image.open(HERE / name) as back:
        back.load()
        if pixels is None:
            grey = back.mode in ("L", "1")
            pixels = np.asarray(back.convert("L")) if grey else on_white(back)
        expect(name, pixels, tolerance)


rgb, grey = Image.fromarray(RGB), Image.fromarray(GREY)
rgba = Image.fromarray(np.dstack([RGB, ALPHA]))
palette = rgb.quantize(16)
second = Image.fromarray(255 - RGB).quantize(16)

write("palette.gif", palette)
write("animated.gif", palette, save_all=True, append_images=[second, palette])
clear = palette.copy()
write("transparent.gif", clear, transparency=3)
# a picture of 21 × 14 at (5, 3) of a screen of 30 × 20
data = bytearray((HERE / "palette.gif").read_bytes())
struct.pack_into("<HH", data, 6, 30, 20)
flags = data[10]
at = 13 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
while data[at] == 0x21:
    at += 2
    while data[at]:
        at += 1 + data[at]
    at += 1
struct.pack_into("<HH", data, at + 1, 5, 3)
(HERE / "placed.gif").write_bytes(data)
screen = np.full((20, 30, 3), 255, dtype=int)
screen[3:17, 5:26] = np.asarray(palette.convert("RGB"))
expect("placed.gif", screen, 0)

write("rgb.bmp", rgb)
write("grey.bmp", grey)  # a palette of greys
write("palette.bmp", palette)

write("lossless.webp", rgb, lossless=True)
write("lossless-alpha.webp", rgba, lossless=True, exact=True)
# lossy: libwebp interpolates the chroma of half resolution, other decoders repeat it
write("lossy.webp", rgb, quality=90, tolerance=24)
write("lossy-alpha.webp", rgba, quality=90, tolerance=24)
write("animated.webp", rgb, save_all=True, append_images=[Image.fromarray(255 - RGB)], lossless=True)

for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
    write(f"rgb-{compression.removeprefix('tiff_')}.tif", rgb, compression=compression)
write("grey.tif", grey)
write("bilevel.tif", grey.convert("1"), pixels=np.asarray(grey.convert("1")).astype(int) * 255, compression="group4")
write("palette.tif", palette)
write("rgba.tif", rgba)
write("pages.tif", rgb, save_all=True, append_images=[grey])
wide = GREY.astype(np.uint16) * 257 - 100
write("grey16.tif", Image.fromarray(wide), pixels=np.floor(wide * 255.0 / 65535 + 0.5).astype(int))
write("cmyk.tif", rgb.convert("CMYK"), pixels=np.asarray(rgb), tolerance=1)

cmyk = np.dstack([255 - RGB, (GREY // 3)])
write("cmyk-adobe.jpg", Image.fromarray(cmyk, "CMYK"), quality=95, tolerance=4)
file = (HERE / "cmyk-adobe.jpg").read_bytes()
# without Adobe's segment: taken the same way
at = file.index(b"\xff\xee")
plain = file[:at] + file[at + 2 + struct.unpack(">H", file[at + 2 : at + 4])[0] :]
(HERE / "cmyk-plain.jpg").write_bytes(plain)
with Image.open(io.BytesIO(plain)) as back:
    expect("cmyk-plain.jpg", np.asarray(back.convert("RGB")), 4)
# transform 2: the same numbers taken for YCCK
ycck = bytearray(file)
ycck[at + 15] = 2
(HERE / "ycck-adobe.jpg").write_bytes(ycck)
with Image.open(io.BytesIO(ycck)) as back:
    expect("ycck-adobe.jpg", np.asarray(back.convert("RGB")), 4)

# --- without expected pixels ---------------------------------------------------------------------
Image.new("RGB", (200, 200), (40, 90, 160)).save(HERE / "uniform.jpg", quality=90)
v, u = np.mgrid[0:160, 0:160]
Image.fromarray((100 + 56 * ((u + v) % 2)).astype(np.uint8)).save(HERE / "checks.jpg", quality=95)
v, u = np.mgrid[0:301, 0:199]
photo = np.stack([128 + 60 * np.sin(u / 9 + c) * np.cos(v / 13 - c) + 30 * ((u // 50 + v // 40 + c) % 2) for c in range(3)], axis=2)
Image.fromarray(photo.astype(np.uint8)).save(HERE / "photo.jpg", quality=85)

(HERE / "expected.json").write_text(
    "{\n" + ",\n".join(f'"{n}":' + json.dumps(e, separators=(",", ":")) for n, e in expected.items()) + "\n}\n"
)
