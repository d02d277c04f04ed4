"""The ingest benchmark's collections, and its peer: Pillow checks each file, pyarrow writes it.

Usage: ingest_peer.py make FOLDER SIDE COUNT [PHOTOS]
       ingest_peer.py run FOLDER OUTPUT PROCESSES RUNS     (prints one line of JSON)
"""

import json
import multiprocessing
import os
import pathlib
import random
import shutil
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, features

BLOCK = 256


def drawn(seed):
    """A picture with noise at all scales, about as compressible as a photograph."""
    generator = np.random.default_rng(seed)
    picture = np.zeros((1600, 2000, 3), np.float32)
    for scale in (4, 16, 64, 256):
        small = generator.normal(0, 6 * scale**0.4, (1600 // scale + 2, 2000 // scale + 2, 3)).astype(np.float32)
        for c in range(3):
            layer = Image.fromarray(small[:, :, c]).resize((2000, 1600), Image.BICUBIC)
            picture[:, :, c] += np.asarray(layer)
    return Image.fromarray(np.clip(128 + picture, 0, 255).astype(np.uint8))


def make(folder, side, count, photos):
    """Crops at random of the photographs, the longer side scaled to `side`; a fifth of them progressive."""
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(p for p in pathlib.Path(photos).rglob("*.jp*g") if p.stat().st_size > 100_000) if photos else []
    sources = [Image.open(p).convert("RGB") for p in files[:60]] if files else [drawn(s) for s in range(8)]
    chance = random.Random(0)
    for i in range(count):
        source = sources[i % len(sources)]
        w, h = source.size
        short = chance.uniform(0.3, 0.9) * min(w, h)
        long = min(w, short * chance.uniform(1, 1.5))
        x, y = chance.uniform(0, w - long), chance.uniform(0, h - short)
        crop = source.crop((int(x), int(y), int(x + long), int(y + short)))
        factor = side / max(crop.size)
        crop = crop.resize((round(crop.width * factor), round(crop.height * factor)), Image.BICUBIC, reducing_gap=2.0)
        crop.save(folder / f"{i:06d}.jpg", quality=chance.choice((75, 85, 90, 95)), progressive=chance.random() < 0.2)


def ingest(job):
    number, files, output, draft = job
    rows = {"image_id": [], "uri": [], "width": [], "height": [], "bytes": []}
    for path in files:
        with open(path, "rb") as f:
            data = f.read()
        with Image.open(pa.BufferReader(data)) as image:
            width, height = image.size
            if draft:
                image.draft("RGB", (64, 64))
            image.load()
        for name, value in zip(rows, (os.path.basename(path), path, width, height, data)):
            rows[name].append(value)
    pq.write_table(pa.table(rows), os.path.join(output, f"{number:05d}.parquet"))
    return len(files)


def run(folder, output, processes, runs):
    result = {"pillow": Image.__version__, "libjpeg_turbo": features.version_feature("libjpeg_turbo")}
    with multiprocessing.Pool(processes) as pool:
        for name, draft in (("seconds", False), ("seconds_draft", True)):
            for _ in range(runs):
                shutil.rmtree(output, ignore_errors=True)
                os.makedirs(output)
                begun = time.perf_counter()
                files = sorted(e.path for e in os.scandir(folder))
                jobs = [(i, files[i * BLOCK : (i + 1) * BLOCK], output, draft) for i in range((len(files) + BLOCK - 1) // BLOCK)]
                result["images"] = sum(pool.imap_unordered(ingest, jobs))
                result[name] = time.perf_counter() - begun
    shutil.rmtree(output)
    print(json.dumps(result))


if sys.argv[1] == "make":
    make(pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5] if len(sys.argv) > 5 else "")
else:
    run(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
