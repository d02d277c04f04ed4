"""Writes golden.safetensors with the reference implementation (pip install safetensors numpy)."""

import pathlib

import numpy as np
from safetensors.numpy import save_file

here = pathlib.Path(__file__).parent
save_file(
    {
        "conv1.weight": (np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2) - 11.5) / 8,
        "bias": np.array([1e-38, -0.0, np.inf, np.float32(1) / 3], dtype=np.float32),
        "scalar": np.array(2.5, dtype=np.float32),
        "empty": np.zeros((0, 5), dtype=np.float32),
    },
    here / "golden.safetensors",
    metadata={"trunk": "vgg-small", "note": "größe"},
)
