"""Reads what the program wrote, with NumPy and pyarrow alone.

usage: readers.py MODEL.safetensors INPUT.bin FEATURES.parquet IMAGES CHANNELS SIZE

Computes the features of the given network input (float32, NCHW) with the weights of the file, in
float64, and compares them with the vectors of the Parquet table. Prints the largest difference
relative to the largest feature; the test that calls it sets the bound.
"""
import json
import struct
import sys

import numpy as np
import pyarrow.parquet as pq

model, inputs, table, n, c, size = sys.argv[1:4] + [int(a) for a in sys.argv[4:7]]

raw = open(model, "rb").read()
length = struct.unpack("<Q", raw[:8])[0]
header = json.loads(raw[8:8 + length])
weights = {}
for name, t in header.items():
    if name != "__metadata__":
        begin, end = t["data_offsets"]
        assert t["dtype"] == "F32", t
        values = np.frombuffer(raw[8 + length + begin:8 + length + end], "<f4")
        weights[name] = values.reshape(t["shape"]).astype(np.float64)


def conv(x, i):
    w, b = weights[f"conv{i}.weight"], weights[f"conv{i}.bias"]
    h, v = x.shape[2:]
    p = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    y = sum(np.einsum("ncij,oc->noij", p[:, :, a:a + h, d:d + v], w[:, :, a, d])
            for a in range(3) for d in range(3)) + b[None, :, None, None]
    m, s = weights[f"bn{i}.running_mean"], weights[f"bn{i}.running_var"]
    scale = weights[f"bn{i}.weight"] / np.sqrt(s + 1e-5)
    y = (y - m[None, :, None, None]) * scale[None, :, None, None]
    return np.maximum(y + weights[f"bn{i}.bias"][None, :, None, None], 0)


x = np.fromfile(inputs, "<f4").reshape(n, c, size, size).astype(np.float64)
for i in range(1, 7):
    x = conv(x, i)
    if i % 2 == 0:
        h, v = x.shape[2] // 2, x.shape[3] // 2
        x = x[:, :, :2 * h, :2 * v].reshape(n, x.shape[1], h, 2, v, 2).max((3, 5))
x = x.reshape(n, -1) @ weights["fc1.weight"].T + weights["fc1.bias"]
x = np.maximum(x, 0) @ weights["fc2.weight"].T + weights["fc2.bias"]

column = pq.read_table(table).column("feature")
assert str(column.type.value_type) == "float", column.type
found = np.stack([row.as_py() for row in column])
assert found.shape == x.shape, (found.shape, x.shape)
print(float(np.abs(found - x).max() / np.abs(x).max()))
