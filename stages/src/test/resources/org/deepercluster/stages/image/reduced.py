#!/usr/bin/env python3
"""JPEG files in reduced/ and the pixels that they have at 1/2, 1/4 and 1/8, reduced/expected.json.

The files come from Pillow (libjpeg-turbo) and its cjpeg. Their coefficients are read by jpeglib (libjpeg 6b), which does
not transform them; the lowest of them go through scipy's inverse DCT, orthonormal, of as many samples as the smaller picture
has per block. Chroma at half or a quarter of the resolution is taken at a larger scale,
but at most at its own, then repeated. Colours: JFIF 1.02.

    pip install pillow jpeglib scipy numpy && python3 reduced.py
"""

import json
import pathlib
import subprocess

import jpeglib
import numpy as np
from PIL import Image
from scipy.fft import idctn

HERE = pathlib.Path(__file__).parent / "reduced"
W, H = 61, 43


def picture():
    """Waves of all lengths, an edge and some noise."""
    y, x = np.mgrid[0:H, 0:W] / 10.0
    chance = np.random.default_rng(5)
    planes = [128 + 60 * np.sin(x * (c + 1)) + 50 * np.cos(y * (3 - c) + x) + chance.normal(0, 8, x.shape) for c in range(3)]
    rgb = np.stack(planes, axis=2)
    rgb[H // 2 :, : W // 3] = (250, 20, 60)
    return Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8))


def plane(coefficients, table, across, down):
    """Samples of a component: `across` × `down` for each block of 8 × 8 coefficients."""
    rows, columns = coefficients.shape[:2]
    out = np.zeros((rows * down, columns * across))
    for r in range(rows):
        for c in range(columns):
            f = (coefficients[r, c] * table)[:down, :across] * np.sqrt(down * across) / 8
            out[r * down : (r + 1) * down, c * across : (c + 1) * across] = idctn(f, norm="ortho") + 128
    return np.clip(np.floor(out + 0.5 + 1e-9), 0, 255)


def reduced(path, scale, rgb=False):
    jpeg = jpeglib.read_dct(str(path))
    width, height = -(-jpeg.width // scale), -(-jpeg.height // scale)
    parts = [p for p in (jpeg.Y, jpeg.Cb, jpeg.Cr) if p is not None]
    factors = np.asarray(jpeg.samp_factor)  # of each component: down, across
    planes = []
    for i, part in enumerate(parts):
        down, across = (factors.max(axis=0) // factors[i] * 8 // scale) if len(parts) > 1 else (8 // scale, 8 // scale)
        table = np.asarray(jpeg.qt[jpeg.quant_tbl_no[i]], float)
        samples = plane(np.asarray(part, float), table, min(8, across), min(8, down))
        planes.append(samples.repeat(max(1, down // 8), axis=0).repeat(max(1, across // 8), axis=1)[:height, :width])
    if len(planes) == 3 and not rgb:
        luma, cb, cr = planes[0], planes[1] - 128, planes[2] - 128
        planes = [luma + 1.402 * cr, luma - 0.344136 * cb - 0.714136 * cr, luma + 1.772 * cb]
    pixels = np.clip(np.floor(np.stack(planes, axis=2) + 0.5 + 1e-9), 0, 255).astype(int)
    return dict(width=width, height=height, pixels=pixels.reshape(-1).tolist())


HERE.mkdir(exist_ok=True)
photo = picture()
grey = photo.convert("L")
save = {
    "444": (photo, dict(subsampling="4:4:4")),
    "422": (photo, dict(subsampling="4:2:2")),
    "420": (photo, dict(subsampling="4:2:0")),
    "coarse": (photo, dict(subsampling="4:2:0", quality=15)),
    "fine": (photo, dict(subsampling="4:4:4", quality=100)),
    "optimized": (photo, dict(subsampling="4:2:0", optimize=True)),
    "restarts": (photo, dict(subsampling="4:2:0", restart_marker_blocks=3)),
    "rgb": (photo, dict(keep_rgb=True)),
    "grey": (grey, {}),
    "progressive": (photo, dict(subsampling="4:2:0", progressive=True, quality=95)),
    "progressive-444": (photo, dict(subsampling="4:4:4", progressive=True)),
    "progressive-grey": (grey, dict(progressive=True)),
    "progressive-restarts": (photo, dict(subsampling="4:2:0", progressive=True, restart_marker_blocks=3)),
    "progressive-coarse": (photo.resize((230, 120)), dict(subsampling="4:2:0", progressive=True, quality=8)),
}
for name, (image, options) in save.items():
    image.save(HERE / f"{name}.jpg", **{"quality": 85, **options})
bare = f"P6 {W} {H} 255\n".encode() + photo.tobytes()
for name, factor in (("440", "1x2"), ("411", "4x1"), ("410", "4x2")):
    with open(HERE / f"{name}.jpg", "wb") as out:
        subprocess.run(["cjpeg", "-quality", "85", "-sample", factor], input=bare, stdout=out, check=True)

expected = {
    path.name: {str(scale): reduced(path, scale, path.stem == "rgb") for scale in (2, 4, 8)} for path in sorted(HERE.glob("*.jpg"))
}
(HERE / "expected.json").write_text(
    "{\n" + ",\n".join(f'"{n}": ' + json.dumps(e, separators=(",", ":")) for n, e in expected.items()) + "\n}\n"
)
