#!/usr/bin/env python3
"""Loads an exported model in PyTorch and compares its features with those of the program.

Rebuilds vgg-small from model.safetensors alone, reads a folder of PNG files with the standard
library, makes the network's input with PyTorch and compares f(x) with the Parquet vectors that
`deepercluster features` wrote for the same folder. Needs numpy, torch, safetensors and pyarrow.

    ./deepercluster run experiments/quickstart.yaml
    python3 safetensors_features.py images DIR             # writes some PNG files of several sizes
    ./deepercluster features RUN DIR --output VECTORS
    python3 safetensors_features.py compare RUN/model/model.safetensors VECTORS

Prints the largest difference; ends with 1 when it is more than 1e-4 of the largest value (the
program computes in float32, the reference in float64).
"""

import pathlib
import struct
import sys
import zlib

import numpy as np
import pyarrow.parquet as pq
import torch
import torch.nn.functional as F
from safetensors import safe_open

MEAN = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64)
STD = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64)


def write_png(path, pixels):
    height, width, _ = pixels.shape

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + pixels[y].tobytes() for y in range(height))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def read_png(path):
    """uint8 HWC of an 8-bit grey or RGB file that is not interlaced."""
    data = path.read_bytes()
    at, packed, header = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    width, height, depth, color, _, _, interlaced = header
    assert depth == 8 and color in (0, 2) and not interlaced, f"{path}: {header}"
    n = 3 if color == 2 else 1
    raw = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + width * n)
    out = np.zeros((height, width * n), np.uint8)
    above = np.zeros(width * n, np.int32)
    for y in range(height):
        kind, line = raw[y, 0], raw[y, 1:].astype(np.int32)
        now = np.zeros(width * n, np.int32)
        for i in range(width * n):
            a = now[i - n] if i >= n else 0
            b = above[i]
            c = above[i - n] if i >= n else 0
            p = a + b - c
            nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            now[i] = (line[i] + (0, a, b, (a + b) // 2, nearest)[kind]) & 255
        out[y], above = now, now
    return out.reshape(height, width, n)


def network_input(pixels, size, form):
    """float64[c][size][size]: the whole image resized, normalised; for size below 64."""
    assert size < 64
    x = torch.from_numpy(pixels.astype(np.float64)).permute(2, 0, 1)
    x = F.interpolate(x[None], (size, size), mode="bilinear", antialias=True)[0]
    channels = 1 if form == "gray" else 3
    if x.shape[0] != channels:
        x = x.mean(0, keepdim=True) if channels == 1 else x.repeat(3, 1, 1)
    mean, std = (MEAN, STD) if channels == 3 else (MEAN.mean()[None], STD.mean()[None])
    x = (x / 255 - mean[:, None, None]) / std[:, None, None]
    return x


def sobel(x):
    """Grey, then the two fixed 3×3 Sobel filters; x is [n][3][h][w], normalised."""
    grey = x.mean(1, keepdim=True)
    k = torch.tensor([[1, 0, -1], [2, 0, -2], [1, 0, -1]], dtype=x.dtype)
    return F.conv2d(grey, torch.stack([k, k.T])[:, None], padding=1)


def features(t, x):
    for i in range(1, 7):
        x = F.conv2d(x, t[f"conv{i}.weight"], t[f"conv{i}.bias"], padding=1)
        x = F.batch_norm(
            x,
            t[f"bn{i}.running_mean"],
            t[f"bn{i}.running_var"],
            t[f"bn{i}.weight"],
            t[f"bn{i}.bias"],
            eps=1e-5,
        )
        x = F.relu(x)
        if i % 2 == 0:
            x = F.max_pool2d(x, 2)
    x = F.relu(F.linear(x.flatten(1), t["fc1.weight"], t["fc1.bias"]))
    return F.linear(x, t["fc2.weight"], t["fc2.bias"])


def images(directory):
    directory.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for i in range(40):
        height, width = rng.integers(12, 80, 2)
        y, x = np.mgrid[:height, :width]
        wave = 127 + 100 * np.sin(x * rng.uniform(0.1, 1) + y * rng.uniform(0.1, 1))
        pixels = wave[:, :, None] + rng.integers(-20, 20, (height, width, 3))
        write_png(directory / f"{i:03}.png", pixels.clip(0, 255).astype(np.uint8))


def compare(model, vectors):
    with safe_open(model, "pt") as f:
        meta = f.metadata()
        t = {name: f.get_tensor(name).double() for name in f.keys()}
    assert meta["model.trunk"] == "vgg-small", meta
    size, form = int(meta["model.imageSize"]), meta["model.input"]
    table = pq.read_table(vectors / "vectors")
    print(table.schema.to_string(show_field_metadata=False, show_schema_metadata=False))
    uris = [pathlib.Path(u) for u in table["uri"].to_pylist()]
    x = torch.stack([network_input(read_png(u), size, form) for u in uris])
    expected = features(t, sobel(x) if form == "sobel" else x).numpy()
    found = np.array(table["vector"].to_pylist())
    assert found.shape == expected.shape, (found.shape, expected.shape)
    worst = np.abs(found - expected).max()
    scale = np.abs(expected).max()
    print(
        f"{len(uris)} images, {found.shape[1]} features, largest |f| {scale:.4g},"
        f" largest difference {worst:.3g} ({worst / scale:.2g} of it)"
    )
    return 0 if worst <= 1e-4 * scale else 1


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "images":
        images(pathlib.Path(sys.argv[2]))
    elif len(sys.argv) == 4 and sys.argv[1] == "compare":
        sys.exit(compare(sys.argv[2], pathlib.Path(sys.argv[3])))
    else:
        sys.exit(__doc__)
