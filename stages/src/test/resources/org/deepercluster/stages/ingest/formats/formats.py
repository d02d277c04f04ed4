"""Small collections in the layouts that their publishers describe, and what a reader must find.

    python3 -m venv v && v/bin/pip install numpy==2.4.6 scipy==1.17.1 pillow==13.0.0
    v/bin/python formats.py

Writes the folders beside this file, and `expected.json`: for each collection and part the images in
order, each with its name (what its id is made from) and its classes. Pictures are 20 x 16 pixels of
one colour each, so that every one is told from the others by its centre: `colour(i)`.
"""

import io
import json
import os
import shutil
import struct
import tarfile
import zipfile

import numpy as np
import scipy.io
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


def tar(entries, mode="w"):
    """A tar as Python writes it; entries: (name, content)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=tarfile.GNU_FORMAT) as t:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            t.addfile(info, io.BytesIO(content))
    return out.getvalue()


def imagenet():
    """ILSVRC2012 as published: ILSVRC2012_img_train.tar holds a tar per synset, whose entries are
    <wnid>_<number>.JPEG; ILSVRC2012_img_val.tar is flat. Development kit (readme.txt, sections 2
    and 4): data/meta.mat holds the struct array `synsets` with ILSVRC2012_ID, WNID, words, gloss,
    num_children, children, wordnet_height, num_train_images, the leaves first;
    data/ILSVRC2012_validation_ground_truth.txt one ILSVRC2012_ID per image, in the images' order."""
    wnids = ["n01484850", "n01440764", "n01443537"]  # ILSVRC2012_ID 1, 2, 3: not sorted
    words = ["great white shark", "tench, Tinca tinca", "goldfish, Carassius auratus"]
    train = [(w, f"{w}_{n}.JPEG", jpeg(10 * c + n)) for c, w in enumerate(wnids) for n in (1, 22)]
    truth = [3, 1, 2, 2]
    val = [(f"ILSVRC2012_val_{i:08d}.JPEG", jpeg(40 + i)) for i in range(1, 5)]
    fields = ["ILSVRC2012_ID", "WNID", "words", "gloss", "num_children", "children",
              "wordnet_height", "num_train_images"]
    synsets = np.zeros((4, 1), dtype=[(f, object) for f in fields])
    for i in range(3):
        synsets[i, 0] = (np.uint16(i + 1), wnids[i], words[i], "", np.uint8(0), np.zeros((0, 0)),
                         np.uint8(0), np.uint16(2))
    synsets[3, 0] = (np.uint16(4), "n02512053", "fish", "", np.uint8(3), np.uint16([1, 2, 3]),
                     np.uint8(1), np.uint16(0))
    mat = io.BytesIO()
    scipy.io.savemat(mat, {"synsets": synsets}, do_compression=True)
    ground = "".join(f"{t}\n" for t in truth).encode()
    kit = [("ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt", ground),
           ("ILSVRC2012_devkit_t12/data/meta.mat", mat.getvalue()),
           ("ILSVRC2012_devkit_t12/readme.txt", b"...\n")]

    for w, name, content in train:
        write(f"imagenet/folders/train/{w}/{name}", content)
    for name, content in val:
        write("imagenet/folders/val/" + name, content)
    for name, content in kit:
        write("imagenet/folders/" + name, content)
    write("imagenet/tars/ILSVRC2012_img_train.tar", tar(
        (w + ".tar", tar((n, c) for v, n, c in train if v == w)) for w in sorted(wnids)))
    write("imagenet/tars/ILSVRC2012_img_val.tar", tar(val))
    write("imagenet/tars/ILSVRC2012_devkit_t12.tar.gz", tar(kit, "w:gz"))
    for (name, content), t in zip(val, truth):
        write(f"imagenet/classes/val/{wnids[t - 1]}/{name}", content)
    in_order = sorted(((w, n, 10 * wnids.index(w) + int(n[10:-5])) for w, n, _ in train))
    expect("imagenet/train", [(f"train/{w}/{n}", i, [w]) for w, n, i in in_order])
    expect("imagenet/val", [
        (f"val/{n}", 40 + i, [wnids[truth[i - 1] - 1]]) for i, (n, _) in enumerate(val, 1)])
    expect("imagenet/classes", sorted(
        (f"val/{wnids[truth[i - 1] - 1]}/{n}", 40 + i, [wnids[truth[i - 1] - 1]])
        for i, (n, _) in enumerate(val, 1)))


def webdataset():
    """WebDataset's README, "The WebDataset Format": files that belong together share a basename, up
    to the first dot, and lie side by side."""
    text = "caption".encode()
    shards = [
        [("0001.jpg", jpeg(1)), ("0001.cls", b"2"), ("0001.json", b'{"label": "cat", "tags": ["cat", "pet"]}'),
         ("sub/0002.cls", b"0\n"), ("sub/0002.jpeg", jpeg(2)), ("sub/0002.json", b'{"label": "dog"}'),
         ("0003.txt", text), ("0003.cls", b"1")],
        [("0004.seg.png", b"not the image"), ("0004.jpg", jpeg(4)), ("0004.cls", b"-1"),
         ("0004.json", b'{"tags": []}'), ("LICENSE", text),
         ("\u732b/\u306d\u3053.JPG", jpeg(5)), ("\u732b/\u306d\u3053.cls", b"1"),
         ("\u732b/\u306d\u3053.json", b'{"label": "cat", "tags": ["pet"]}')],
    ]
    for i, entries in enumerate(shards):
        write(f"webdataset/train-{i:04d}.tar", tar(entries))
    names = ["train-0000.tar#0001.jpg", "train-0000.tar#sub/0002.jpeg", "train-0001.tar#0004.jpg",
             "train-0001.tar#\u732b/\u306d\u3053.JPG"]
    for key, labels in {
        "plain": [[], [], [], []],
        "cls": [["2"], ["0"], [], ["1"]],
        "json:label": [["cat"], ["dog"], [], ["cat"]],
        "json:tags": [["cat", "pet"], [], [], ["pet"]],
    }.items():
        expect("webdataset/" + key, list(zip(names, [1, 2, 4, 5], labels)))


def zipped(entries, zip64=False):
    """A zip as Python writes it; entries: (name or ZipInfo, content)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for i, (name, content) in enumerate(entries):
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name)
            if not isinstance(name, zipfile.ZipInfo):
                info.compress_type = zipfile.ZIP_STORED if i % 2 else zipfile.ZIP_DEFLATED
            with z.open(info, "w", force_zip64=zip64) as f:
                f.write(content)
    return out.getvalue()


def zips():
    one = [("photos/", b""), ("photos/dog/2.jpg", jpeg(2)), ("photos/cat/1.jpg", jpeg(1)),
           ("photos/cat/notes.txt", b"no image"), ("photos/cat/.hidden.jpg", jpeg(9)),
           ("__MACOSX/photos/cat/._1.jpg", b"resource")]
    two = [("photos/\u0441\u043e\u0431\u0430\u043a\u0430/\U0001f415.jpg", jpeg(3)),
           ("photos/cat/no suffix", jpeg(4))]
    write("zip/one.zip", zipped(one))
    write("zip/deep/two.zip", zipped(two, zip64=True))
    write("zip/readme.txt", "no zip")
    expect("zip", [
        ("deep/two.zip#photos/cat/no suffix", 4, ["cat"]),
        ("deep/two.zip#photos/\u0441\u043e\u0431\u0430\u043a\u0430/\U0001f415.jpg", 3,
         ["\u0441\u043e\u0431\u0430\u043a\u0430"]),
        ("one.zip#photos/cat/1.jpg", 1, ["cat"]),
        ("one.zip#photos/dog/2.jpg", 2, ["dog"])])


def patch(archive, name, at, value):
    """Overwrites a field of the central directory's header of an entry."""
    header = archive.index(b"PK\x01\x02")
    while archive[header + 46:header + 46 + len(name)] != name.encode():
        header = archive.index(b"PK\x01\x02", header + 4)
    return archive[:header + at] + value + archive[header + at + len(value):]


def hostile():
    """Archives that must do no harm: each bad entry is a reject, the good ones are read."""
    def link(name, to):
        info = zipfile.ZipInfo(name)
        info.external_attr = 0o120777 << 16
        return info, to.encode()

    def bzip2(name):
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_BZIP2
        return info, jpeg(5)

    z = zipped([
        ("good.jpg", jpeg(1)), ("../up.jpg", jpeg(2)), ("a/../../up.jpg", jpeg(2)),
        ("/absolute.jpg", jpeg(3)), ("C:\\drive.jpg", jpeg(3)), ("..\\up.jpg", jpeg(3)),
        ("twice.jpg", jpeg(6)), link("link.jpg", "/etc/passwd"), bzip2("method.jpg"),
        ("secret.jpg", jpeg(7)), ("lies.jpg", b"\xff\xd8\xff\xe0" + bytes(1 << 20)),
        ("bomb.jpg", jpeg(8)), ("crc.jpg", jpeg(8)),
        ("offset.jpg", jpeg(8)), ("twicf.jpg", jpeg(6))])
    z = z.replace(b"twicf.jpg", b"twice.jpg")
    z = patch(z, "secret.jpg", 8, struct.pack("<H", 1))
    z = patch(z, "bomb.jpg", 24, struct.pack("<I", 300 << 20))
    z = patch(z, "lies.jpg", 24, struct.pack("<I", 1000))
    z = patch(z, "crc.jpg", 16, struct.pack("<I", 12345))
    z = patch(z, "offset.jpg", 42, struct.pack("<I", 7))
    write("hostile/hostile.zip", z)

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as t:
        for name, kind, content in [
            ("good.jpg", tarfile.REGTYPE, jpeg(1)), ("../up.jpg", tarfile.REGTYPE, jpeg(2)),
            ("/absolute.jpg", tarfile.REGTYPE, jpeg(3)), ("link.jpg", tarfile.SYMTYPE, b""),
            ("hard.jpg", tarfile.LNKTYPE, b""), ("device.jpg", tarfile.CHRTYPE, b""),
            ("pipe.jpg", tarfile.FIFOTYPE, b""), ("twice.jpg", tarfile.REGTYPE, jpeg(6)),
            ("twice.jpg", tarfile.REGTYPE, jpeg(6)), ("new\nline.jpg", tarfile.REGTYPE, jpeg(7)),
            ("./" + 60 * "long/" + "name.jpg", tarfile.REGTYPE, jpeg(8)),
        ]:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.size = len(content)
            info.linkname = "/etc/passwd" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            t.addfile(info, io.BytesIO(content))
    write("hostile/hostile.tar", out.getvalue())


def main():
    for name in os.listdir(HERE):
        if os.path.isdir(os.path.join(HERE, name)):
            shutil.rmtree(os.path.join(HERE, name))
    voc()
    imagenet()
    webdataset()
    zips()
    hostile()
    with open(os.path.join(HERE, "expected.json"), "w") as f:
        f.write("{\n" + ",\n".join(
            f'"{k}": [\n' + ",\n".join("  " + json.dumps(i, ensure_ascii=False) for i in v) + "]"
            for k, v in EXPECTED.items()) + "\n}\n")


main()
