#!/usr/bin/env python3
"""Cuts the small stratified part of Fashion-MNIST that the quickstart uses.

    python3 make.py [SOURCE [TARGET]]

SOURCE holds the four original IDX files (default: where Debian's package
dataset-fashion-mnist puts them); TARGET is where the parts go (default: the
folder of this script). Standard library only.

Every class gives the same number of images to every part. Which ones, and in
which order they stand, is decided by the SHA-256 of "seed/file/index": the
same on every machine and Python version.
"""

import gzip
import hashlib
import io
import pathlib
import struct
import sys

SEED = "fashion-mnist-small/0"
CLASSES = 10
# part -> (original files, images per class), cut one after the other from the same order
PARTS = {
    "train": ("train", 500),
    "labelled": ("train", 200),
    "test": ("t10k", 200),
}


def read_idx(path, dims):
    data = gzip.decompress(path.read_bytes())
    header = 4 + 4 * dims
    magic, *shape = struct.unpack(f">{1 + dims}I", data[:header])
    assert magic == 0x0800 + dims, f"{path}: magic number {magic:#x}, expected {0x0800 + dims:#x}"
    size = 1
    for n in shape:
        size *= n
    assert len(data) == header + size, f"{path}: {len(data)} bytes, expected {header + size}"
    return shape, data[header:]


def write_idx(path, shape, payload):
    data = struct.pack(f">{1 + len(shape)}I", 0x0800 + len(shape), *shape) + payload
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as out:
        out.write(data)
    path.write_bytes(buffer.getvalue())


def key(name, index):
    return hashlib.sha256(f"{SEED}/{name}/{index}".encode()).digest()


def main(source, target):
    order, images, labels, side = {}, {}, {}, {}
    for name in ("train", "t10k"):
        (n, height, width), images[name] = read_idx(source / f"{name}-images-idx3-ubyte.gz", 3)
        (m,), labels[name] = read_idx(source / f"{name}-labels-idx1-ubyte.gz", 1)
        assert n == m, f"{name}: {n} images but {m} labels"
        side[name] = (height, width)
        order[name] = sorted(range(n), key=lambda i, name=name: key(name, i))
    used = {"train": [0] * CLASSES, "t10k": [0] * CLASSES}
    for part, (name, per_class) in PARTS.items():
        seen = [0] * CLASSES
        chosen = []
        for i in order[name]:
            c = labels[name][i]
            if used[name][c] <= seen[c] < used[name][c] + per_class:
                chosen.append(i)
            seen[c] += 1
        used[name] = [u + per_class for u in used[name]]
        assert len(chosen) == CLASSES * per_class, f"{part}: {len(chosen)} images"
        height, width = side[name]
        size = height * width
        pixels = b"".join(images[name][i * size : (i + 1) * size] for i in chosen)
        write_idx(target / f"{part}-images-idx3-ubyte.gz", (len(chosen), height, width), pixels)
        write_idx(
            target / f"{part}-labels-idx1-ubyte.gz",
            (len(chosen),),
            bytes(labels[name][i] for i in chosen),
        )
        print(f"{part}: {len(chosen)} images")


if __name__ == "__main__":
    main(
        pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/datasets/fashion-mnist"),
        pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else pathlib.Path(__file__).parent),
    )
