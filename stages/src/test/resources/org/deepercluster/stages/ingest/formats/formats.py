"""Small collections in the layouts that their publishers describe, and what a reader must find.

    python3 -m venv v && v/bin/pip install numpy==2.4.6 pillow==13.0.0
    v/bin/python formats.py

Writes the folders beside this file, and `expected.json`: for each collection and part the images in
order, each with its name (what its id is made from) and its classes. Pictures are 20 x 16 pixels of
one colour each, so that every one is told from the others by its centre: `colour(i)`.
"""

import io
import json
import os
import shutil

import numpy as np
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
EXPECTED = {}


def colour(i):
    return (37 * i % 256, 91 * i % 256, 151 * i % 256)


def jpeg(i, width=20, height=16):
    out = io.BytesIO()
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = colour(i)
    Image.fromarray(pixels).save(out, "jpeg", quality=95, subsampling=0)
    return out.getvalue()


def write(path, content):
    path = os.path.join(HERE, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content if isinstance(content, bytes) else content.encode())


def expect(collection, images):
    """images: (name, i of the colour, [class, or class + "?" where it is difficult])"""
    EXPECTED[collection] = [
        {"name": name, "colour": list(colour(i)), "labels": labels} for name, i, labels in images
    ]


def voc():
    """VOCdevkit/VOC2007, as in "The PASCAL Visual Object Classes Challenge 2007 Development Kit",
    sections 4.1 and 4.2: ImageSets/Main/<class>_<set>.txt holds lines of an image's name and -1, 1
    or 0 ("difficult"), right-aligned."""
    root = "voc/VOCdevkit/VOC2007/"
    parts = {"train": range(1, 6), "val": range(6, 9), "trainval": range(1, 9), "test": range(9, 13)}
    sign = {c: {i: s(i) for i in range(1, 13)} for c, s in {
        "aeroplane": lambda i: 1 if i % 3 == 0 else -1,
        "person": lambda i: 0 if i % 4 == 0 else 1 if i % 2 else -1,
        "tvmonitor": lambda i: 1 if i % 5 == 1 else -1,
    }.items()}
    for i in range(1, 13):
        write(root + f"JPEGImages/{i:06d}.jpg", jpeg(i))
    for part, images in parts.items():
        write(root + f"ImageSets/Main/{part}.txt", "".join(f"{i:06d}\n" for i in images))
        for c, of in sign.items():
            write(root + f"ImageSets/Main/{c}_{part}.txt",
                  "".join(f"{i:06d} {of[i]:2d}\n" for i in images))
        expect("voc/" + part, [
            (f"JPEGImages/{i:06d}.jpg", i,
             [c + ("?" if of[i] == 0 else "") for c, of in sign.items() if of[i] >= 0])
            for i in images])
    write(root + "ImageSets/Layout/train.txt", "000001\n")
    write(root + "Annotations/000001.xml", "<annotation/>\n")


def main():
    for name in os.listdir(HERE):
        if os.path.isdir(os.path.join(HERE, name)):
            shutil.rmtree(os.path.join(HERE, name))
    voc()
    with open(os.path.join(HERE, "expected.json"), "w") as f:
        f.write("{\n" + ",\n".join(
            f'"{k}": [\n' + ",\n".join("  " + json.dumps(i, ensure_ascii=False) for i in v) + "]"
            for k, v in EXPECTED.items()) + "\n}\n")


main()
