#!/usr/bin/env python3
"""hashes.json: perceptual hashes by matrices of NumPy, of images given by a formula that PerceptualHashTest has too.

    python3 hashes.py
"""

import json
import pathlib

import numpy as np


def image(w, h, channels, seed):
    y, x, c = np.meshgrid(np.arange(h), np.arange(w), np.arange(channels), indexing="ij")
    return (x * x * (seed + 1) // 50 + 5 * y * (c + 1) + x * y // (seed + 3) + 40 * ((x // 9 + y // 7) % 2)) % 256


def area(n):
    """32 × n: how much of each pixel is in each cell, rows summing to 1."""
    cells = np.arange(32)[:, None] * n
    pixels = np.arange(n)[None, :] * 32
    return np.maximum(0, np.minimum(cells + n, pixels + 32) - np.maximum(cells, pixels)) / n


dct = np.cos(np.pi * np.arange(1, 9)[:, None] * (2 * np.arange(32)[None, :] + 1) / 64)
cases = []
for w, h, channels, seed in [(32, 32, 1, 0), (64, 48, 3, 1), (101, 77, 3, 2), (200, 33, 1, 3), (97, 160, 3, 4)]:
    grey = image(w, h, channels, seed).mean(axis=2)
    c = dct @ (area(h) @ grey @ area(w).T) @ dct.T
    assert np.abs(c - np.median(c)).min() > 1e-9  # no bit hangs on rounding
    bits = "".join("1" if v else "0" for v in (c > np.median(c)).reshape(-1))
    cases.append(dict(width=w, height=h, channels=channels, seed=seed, hash=f"{int(bits, 2):016x}"))
out = pathlib.Path(__file__).parent / "hashes.json"
out.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
