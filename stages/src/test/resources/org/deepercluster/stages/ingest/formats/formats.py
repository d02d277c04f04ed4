"""Small collections in the layouts that their publishers describe, and what a reader must find.

    python3 -m venv v && v/bin/pip install numpy==2.4.6 scipy==1.17.1 pyarrow==26.0.1 pillow==13.0.0
    v/bin/python formats.py

Writes the folders beside this file, and `expected.json`: for each collection and part the images in
order, each with its name (what its id is made from) and its classes. Pictures are 20 x 16 pixels of
one colour each, so that every one is told from the others by its centre: `colour(i)`.
"""

import csv
import io
import json
import os
import shutil
import struct
import tarfile
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
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


def csv_table(rows, delimiter=","):
    """As Python's csv module writes it; with the mark that spreadsheets put first."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def tables():
    names = ["pics/1.jpg", "pics/a, \"b\".jpg", "pics/\u0444.jpg", "pics/4.jpg"]
    for i, name in enumerate(names, 1):
        write("csv/" + name, jpeg(i))
    rows = [[n, c, "..."] for n, c in zip(names, ["dog", "cat", "dog", ""])]
    write("csv/images.csv", csv_table([["Path", "Class", "note"]] + rows + [[names[0], "pet", ""]]))
    write("csv/images.tsv", csv_table(
        [["where", "number"]] + [[n, c] for n, c in zip(names, [1, 0, -1, 2])], "\t"))
    expect("csv", list(zip(names, range(1, 5), [["dog", "pet"], ["cat"], ["dog"], []])))
    expect("tsv", list(zip(names, range(1, 5), [["1"], ["0"], [], ["2"]])))

    labels = [2, 0, 1, 0, 2, 1, 0]
    pictures = [jpeg(i) for i in range(7)]
    parts = {
        "bytes/part-0.parquet": (pa.table({
            "id": pa.array(range(4)), "image": pa.array(pictures[:4], pa.binary()),
            "label": pa.array(labels[:4], pa.int64())}), "snappy"),
        "bytes/part-1.parquet": (pa.table({
            "id": pa.array(range(3)), "image": pa.array(pictures[4:], pa.binary()),
            "label": pa.array(labels[4:], pa.int64())}), "zstd"),
        # the Image feature of Hugging Face's datasets: a structure of bytes and path
        "structure.parquet": (pa.table({
            "image": pa.array([{"bytes": p, "path": None} for p in pictures[:5]],
                              pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
            "category": pa.array(["cat", "dog", None, "cat", ""])}), "gzip"),
        "paths.parquet": (pa.table({
            "file_name": pa.array(names),
            "label": pa.array([1, 0, None, 1], pa.int32())}), "none"),
    }
    for name, (table, codec) in parts.items():
        out = io.BytesIO()
        pq.write_table(table, out, compression=codec, row_group_size=3)
        write("parquet/" + name, out.getvalue())
    for i, name in enumerate(names, 1):
        write("parquet/" + name, jpeg(i))
    expect("parquet/bytes", [
        (f"part-{n // 4}.parquet#{n % 4}", n, [str(labels[n])]) for n in range(7)])
    expect("parquet/structure", [
        (f"structure.parquet#{n}", n, c) for n, c in enumerate([["cat"], ["dog"], [], ["cat"], []])])
    expect("parquet/paths", list(zip(names, range(1, 5), [["1"], ["0"], [], ["1"]])))


def planes(i, side):
    """A picture as three planes; the halves differ, so that a swap of rows and columns shows."""
    p = np.empty((3, side, side), np.uint8)
    p[:] = np.uint8(colour(i))[:, None, None]
    p[:, :, :2] = 255 - p[:, :, :2]  # two columns at the left
    return p


def records():
    """CIFAR: https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version": <1 x label><3072 x
    pixel>, the first 1024 bytes red, in row-major order; CIFAR-100: <1 x coarse label><1 x fine
    label><3072 x pixel>. STL-10: https://cs.stanford.edu/~acoates/stl10/: "The images are stored in
    column-major order, one channel at a time"; labels from 1."""
    n = 0
    train = []
    for batch in range(1, 6):
        out = b""
        for r in range(2):
            label = (3 * n + 1) % 4
            out += bytes([label]) + planes(n, 32).tobytes()
            train.append((f"data_batch_{batch}.bin#{r}", n, [["plane", "car", "bird", "cat"][label]]))
            n += 1
        write(f"cifar10/cifar-10-batches-bin/data_batch_{batch}.bin", out)
    write("cifar10/cifar-10-batches-bin/test_batch.bin", bytes([3]) + planes(50, 32).tobytes())
    write("cifar10/cifar-10-batches-bin/batches.meta.txt", "plane\ncar\nbird\ncat\n\n")
    expect("cifar10/train", train)
    expect("cifar10/test", [("test_batch.bin#0", 50, ["cat"])])

    fine, coarse = ["apple", "bed", "cod"], ["fruit", "thing"]
    for split, of in {"train": [(0, 0, 60), (1, 1, 61), (1, 2, 62), (0, 0, 63)], "test": [(1, 2, 64)]}.items():
        write(f"cifar100/{split}.bin", b"".join(
            bytes([c, f]) + planes(i, 32).tobytes() for c, f, i in of))
        expect("cifar100/" + split, [(f"{split}.bin#{r}", i, [fine[f]]) for r, (c, f, i) in enumerate(of)])
        expect(f"cifar100/coarse/{split}", [
            (f"{split}.bin#{r}", i, [coarse[c]]) for r, (c, f, i) in enumerate(of)])
    write("cifar100/fine_label_names.txt", "\n".join(fine) + "\n")
    write("cifar100/coarse_label_names.txt", "\n".join(coarse) + "\n")

    for split, of in {"train": [(2, 70), (1, 71)], "test": [(2, 72)], "unlabeled": [(0, 73)]}.items():
        write(f"stl10/stl10_binary/{split}_X.bin",
              b"".join(planes(i, 96).transpose(0, 2, 1).tobytes() for _, i in of))
        if split != "unlabeled":
            write(f"stl10/stl10_binary/{split}_y.bin", bytes(label for label, _ in of))
        expect("stl10/" + split, [
            (f"{split}_X.bin#{r}", i, [["airplane", "bird"][label - 1]] if label else [])
            for r, (label, i) in enumerate(of)])
    write("stl10/stl10_binary/class_names.txt", "airplane\nbird\n")


def places():
    """Places205's trainvalsplit_places205.tar.gz: <split>_places205.csv with lines of a path below
    the folder of images and a label, categoryIndex_places205.csv with lines of a class and its
    number."""
    of = {"train": [("a/abbey/gsun_1.jpg", 0, 80), ("a/airport_terminal/gsun_2.jpg", 1, 81),
                    ("a/abbey/gsun 3.jpg", 0, 82), ("b/badlands/gsun_4.jpg", 2, 83)],
          "val": [("b/badlands/gsun_5.jpg", 2, 84)],
          "test": [("gsun_6.jpg", None, 85)]}
    classes = ["a/abbey", "a/airport_terminal", "b/badlands"]
    lists = "places205/trainvalsplit_places205/"
    for split, images in of.items():
        write(f"{lists}{split}_places205.csv", "".join(
            name + ("" if label is None else f",{label}" if i % 2 else f" {label}") + "\n"
            for name, label, i in images))
        for name, label, i in images:
            write("places205/images256/" + name, jpeg(i))
        expect("places205/" + split, [
            (name, i, [] if label is None else [classes[label]]) for name, label, i in images])
    write(lists + "categoryIndex_places205.csv",
          "".join(f"/{c} {n}\n" for n, c in enumerate(classes)))


def yfcc():
    """Image number i, in 8 digits aabbbccc, is entry ccc.jpg of aa/bbb.zip."""
    def put(number, entries):
        write(f"yfcc100m/{number // 1000:02d}/{number % 1000:03d}.zip",
              zipped([(f"{e % 1000:03d}.jpg", jpeg(e % 1000)) for e in entries]))
    put(0, [0, 7, 999])
    put(12, [12003])
    put(95920, [95920148])
    write("yfcc100m/hashtags.tsv", "7\tcat,black cat\n12003\t\n00000999\tcat\n50\tdog\n")
    write("yfcc100m/some.txt", "95920148\n7\n\n00012003\n")
    every = [("00/000.zip#000.jpg", 0, []), ("00/000.zip#007.jpg", 7, ["black cat", "cat"]),
             ("00/000.zip#999.jpg", 999, ["cat"]), ("00/012.zip#003.jpg", 3, []),
             ("95/920.zip#148.jpg", 148, [])]
    expect("yfcc100m", [(n, i, sorted(t, key=["cat", "black cat"].index)) for n, i, t in every])
    expect("yfcc100m/some", [(n, i, []) for n, i, _ in every if "#000" not in n and "#999" not in n])


def main():
    for name in os.listdir(HERE):
        if os.path.isdir(os.path.join(HERE, name)):
            shutil.rmtree(os.path.join(HERE, name))
    voc()
    imagenet()
    webdataset()
    zips()
    hostile()
    tables()
    records()
    places()
    yfcc()
    with open(os.path.join(HERE, "expected.json"), "w") as f:
        f.write("{\n" + ",\n".join(
            f'"{k}": [\n' + ",\n".join("  " + json.dumps(i, ensure_ascii=False) for i in v) + "]"
            for k, v in EXPECTED.items()) + "\n}\n")


main()
