#!/usr/bin/env python3
"""Golden values for Pixels: pixels.json.

The reference is PyTorch's antialiased bilinear resize (align_corners=False), which is what
torchvision uses for tensors and agrees with Pillow's before rounding; NumPy's rot90 for the
rotation. Needs torch and numpy.

    python3 pixels.py
"""

import json
import pathlib

import numpy as np
import torch

MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])


def image(width, height, channels):
    """uint8 HWC, the same formula as in the test."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    return ((x * 37 + y * 91 + c * 53 + x * y * 7) % 256).astype(np.uint8)


def channels_of(chw, channels):
    if chw.shape[0] == channels:
        return chw
    return np.repeat(chw, 3, axis=0) if channels == 3 else chw.mean(axis=0, keepdims=True)


def resize(chw, width, height):
    return torch.nn.functional.interpolate(
        torch.from_numpy(chw.copy())[None],
        size=(height, width),
        mode="bilinear",
        align_corners=False,
        antialias=True,
    )[0].numpy()


def normalise(chw):
    mean, std = (MEAN, STD) if chw.shape[0] == 3 else (MEAN.mean()[None], STD.mean()[None])
    return (chw / 255.0 - mean[:, None, None]) / std[:, None, None]


def random_view(width, height, source, crop, flip, rotation, size, channels):
    x, y, w, h = crop
    chw = image(width, height, source).transpose(2, 0, 1).astype(np.float64)
    view = resize(channels_of(chw[:, y : y + h, x : x + w], channels), size, size)
    if flip:
        view = view[:, :, ::-1]
    view = np.rot90(view, rotation, axes=(1, 2))
    return dict(
        kind="random", width=width, height=height, source=source, crop=crop, flip=flip,
        rotation=rotation, size=size, channels=channels, values=listed(normalise(view)),
    )


def centre_view(width, height, source, size, channels):
    chw = channels_of(image(width, height, source).transpose(2, 0, 1).astype(np.float64), channels)
    if size < 64:
        view = resize(chw, size, size)
    else:
        shorter = int(size * 256 / 224 + 0.5)
        to_w, to_h = (
            (shorter, int(shorter * height / width))
            if width <= height
            else (int(shorter * width / height), shorter)
        )
        view = resize(chw, to_w, to_h)
        top, left = int(round((to_h - size) / 2.0)), int(round((to_w - size) / 2.0))
        view = view[:, top : top + size, left : left + size]
    return dict(
        kind="centre", width=width, height=height, source=source, size=size, channels=channels,
        values=listed(normalise(view)),
    )


def listed(array):
    return [round(float(v), 6) for v in array.reshape(-1)]


cases = [
    random_view(12, 9, 1, [0, 0, 12, 9], False, 0, 7, 1),
    random_view(12, 9, 3, [2, 1, 9, 7], False, 0, 6, 3),
    random_view(12, 9, 3, [2, 1, 9, 7], True, 1, 6, 3),
    random_view(12, 9, 3, [3, 2, 5, 6], True, 2, 8, 1),
    random_view(12, 9, 1, [3, 2, 4, 3], False, 3, 9, 3),
    random_view(40, 31, 3, [1, 0, 39, 30], True, 3, 5, 3),
    random_view(9, 9, 3, [4, 4, 1, 1], True, 1, 3, 3),
    centre_view(20, 13, 3, 8, 3),
    centre_view(90, 70, 1, 64, 1),
    centre_view(50, 75, 1, 64, 1),
]
pathlib.Path(__file__).with_suffix(".json").write_text(
    "[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n"
)
