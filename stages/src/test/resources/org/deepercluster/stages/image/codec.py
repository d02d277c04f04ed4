#!/usr/bin/env python3
"""Test images in codec/ and the pixels they must decode to, codec/expected.json.

PNG files are written here byte by byte, so that their pixels are known exactly. JPEG files come
from ImageMagick 6 (libjpeg-turbo), and so do the pixels they decode to; variants are made by
editing their segments. Needs numpy and the program `convert`.

    python3 codec.py
"""

import json
import pathlib
import struct
import subprocess
import zlib

import numpy as np

HERE = pathlib.Path(__file__).parent / "codec"
W, H = 13, 10
expected = {}


def expect(name, pixels, tolerance=0):
    height, width, channels = pixels.shape
    expected[name] = dict(
        width=width, height=height, channels=channels, tolerance=tolerance,
        pixels=[int(v) for v in pixels.reshape(-1)],
    )


# --- PNG ---------------------------------------------------------------------------------------


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def packed(samples, depth):
    """One row of samples, big-endian bits."""
    if depth == 16:
        return b"".join(struct.pack(">H", int(s)) for s in samples)
    bits = "".join(format(int(s), f"0{depth}b") for s in samples)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def scanlines(samples, depth):
    return b"".join(b"\0" + packed(row.reshape(-1), depth) for row in samples if row.size)


def png(name, samples, depth, colour, before=b"", after=b"", interlaced=False):
    height, width = samples.shape[:2]
    if interlaced:  # Adam7
        passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
        data = b"".join(scanlines(samples[y::dy, x::dx], depth) for y, x, dy, dx in passes)
    else:
        data = scanlines(samples, depth)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    packed_data = zlib.compress(data)
    half = len(packed_data) // 2
    (HERE / name).write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before
        + chunk(b"IDAT", packed_data[:half]) + chunk(b"IDAT", packed_data[half:]) + after + chunk(b"IEND", b"")
    )


def samples(channels, top):
    y, x, c = np.meshgrid(np.arange(H), np.arange(W), np.arange(channels), indexing="ij")
    return (x * 37 + y * 91 + c * 53 + x * y * 7) * (1 if top < 256 else 157) % (top + 1)


def to8(values, top):
    return np.floor(values * 255 / top + 0.5).astype(int)


def on_white(values, alpha, top):
    return np.floor((values * alpha + top * (top - alpha)) * 255 / top**2 + 0.5).astype(int)


for depth in (1, 2, 4, 8, 16):
    top = 2**depth - 1
    grey = samples(1, top)
    png(f"grey{depth}.png", grey, depth, 0)
    expect(f"grey{depth}.png", to8(grey, top))
    key = int(grey[0, 1, 0])
    png(f"grey{depth}-key.png", grey, depth, 0, before=chunk(b"tRNS", struct.pack(">H", key)))
    expect(f"grey{depth}-key.png", np.where(grey == key, 255, to8(grey, top)))
    if depth < 16:
        size = 2**depth
        palette = np.array([[(i * 97 + 11) % 256, (i * 59 + 5) % 256, (i * 31) % 256] for i in range(size)])
        plte = chunk(b"PLTE", palette.astype(np.uint8).tobytes())
        png(f"palette{depth}.png", grey, depth, 3, before=plte)
        expect(f"palette{depth}.png", palette[grey[:, :, 0]])
        alphas = np.array([(i * 70) % 256 for i in range(min(size, 3))] + [255] * (size - min(size, 3)))
        trns = chunk(b"tRNS", alphas[: min(size, 3)].astype(np.uint8).tobytes())
        png(f"palette{depth}-alpha.png", grey, depth, 3, before=plte + trns)
        expect(f"palette{depth}-alpha.png", on_white(palette[grey[:, :, 0]], alphas[grey], 255))
for depth in (8, 16):
    top = 2**depth - 1
    for channels, colour in ((1, 4), (3, 6)):
        both = samples(channels + 1, top)
        name = f"{'grey' if channels == 1 else 'rgb'}{depth}-alpha.png"
        png(name, both, depth, colour)
        expect(name, on_white(both[:, :, :-1], both[:, :, -1:], top))
    rgb = samples(3, top)
    png(f"rgb{depth}.png", rgb, depth, 2)
    expect(f"rgb{depth}.png", to8(rgb, top))
    key = rgb[1, 2]
    png(f"rgb{depth}-key.png", rgb, depth, 2, before=chunk(b"tRNS", struct.pack(">HHH", *map(int, key))))
    expect(f"rgb{depth}-key.png", np.where((rgb == key).all(axis=2, keepdims=True), 255, to8(rgb, top)))
rgb = samples(3, 255)
png("rgb8-interlaced.png", rgb, 8, 2, interlaced=True)
expect("rgb8-interlaced.png", rgb)
faulty = chunk(b"iCCP", b"profile\0\0not deflated") + chunk(b"gAMA", b"\0\0\1\0") + chunk(b"zTXt", b"\xff")
png("rgb8-faulty-extras.png", rgb, 8, 2, before=faulty, after=chunk(b"tIME", b"x"))
expect("rgb8-faulty-extras.png", rgb)

# --- JPEG --------------------------------------------------------------------------------------


def convert(*words, data=b""):
    return subprocess.run(["convert", *words], input=data, stdout=subprocess.PIPE, check=True).stdout


def smooth(channels):
    y, x, c = np.meshgrid(np.arange(H), np.arange(W), np.arange(channels), indexing="ij")
    return (128 + 100 * np.sin(x / 4 + c) * np.cos(y / 3 - c)).astype(np.uint8)


def jpeg(*words, grey=False):
    data = smooth(1 if grey else 3).tobytes()
    kind = "gray" if grey else "rgb"
    return convert("-depth", "8", "-size", f"{W}x{H}", f"{kind}:-", *words, "-quality", "92", "jpeg:-", data=data)


def decoded(file, channels=3):
    kind = "rgb" if channels == 3 else "gray"
    raw = convert("jpeg:-", "-set", "colorspace", "sRGB" if channels == 3 else "Gray", "-depth", "8", f"{kind}:-", data=file)
    return np.frombuffer(raw, np.uint8).reshape(H, W, channels).astype(int)


def segments(file):
    """Marker segments up to the scan, and the rest."""
    at, parts = 2, []
    while True:
        length = struct.unpack(">H", file[at + 2 : at + 4])[0]
        parts.append((file[at + 1], file[at + 4 : at + 2 + length]))
        at += 2 + length
        if parts[-1][0] == 0xDA:
            return parts, file[at:]


def joined(parts, rest):
    return b"\xff\xd8" + b"".join(b"\xff" + bytes([m]) + struct.pack(">H", len(b) + 2) + b for m, b in parts) + rest


def write(name, file, pixels=None, tolerance=3):
    (HERE / name).write_bytes(file)
    if pixels is not None:
        expect(name, pixels, tolerance)


full = jpeg("-sampling-factor", "1x1")
write("full.jpg", full, decoded(full))
half = jpeg("-sampling-factor", "2x2")
write("half.jpg", half, decoded(half))
progressive = jpeg("-interlace", "JPEG", "-sampling-factor", "2x1")
write("progressive.jpg", progressive, decoded(progressive))
grey = jpeg(grey=True)
write("grey.jpg", grey, decoded(grey, 1))
write("cmyk.jpg", jpeg("-colorspace", "CMYK"))

parts, rest = segments(full)
bare = [(m, b) for m, b in parts if not 0xE0 <= m <= 0xEF]


def named(ids):
    changed = []
    for marker, body in bare:
        body = bytearray(body)
        for c in range(3):
            if marker == 0xC0:
                body[6 + 3 * c] = ids[c]
            if marker == 0xDA:
                body[1 + 2 * c] = ids[c]
        changed.append((marker, bytes(body)))
    return joined(changed, rest)


def exif(orientation, order):
    directory = struct.pack(order + "HHHII", 1, 0x0112, 3, 1, 0)
    value = struct.pack(order + "H", orientation)
    directory = directory[:10] + value + b"\0\0" + struct.pack(order + "I", 0)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    return (0xE1, b"Exif\0\0" + head + directory)


for name, file in {
    "no-jfif.jpg": joined(bare, rest),
    "named-rgb.jpg": named(b"RGB"),
    "named-012.jpg": named(bytes([0, 1, 2])),
    "adobe-rgb.jpg": joined([(0xEE, b"Adobe\0\x64\0\0\0\0\0")] + bare, rest),
    "exif-only.jpg": joined([exif(1, "<")] + bare, rest),
}.items():
    write(name, file, decoded(file))

faulty = [(0xE0, b"JFIF\0"), (0xE2, b"ICC_PROFILE\0\1\1not a profile"), (0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff"), (0xFE, b"x")]
write("faulty-extras.jpg", joined(faulty + bare, rest), decoded(full))

upright = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
    8: np.rot90,
}
for o, turn in upright.items():
    file = joined([parts[0], exif(o, "<" if o % 2 else ">")] + parts[1:], rest)
    write(f"orientation{o}.jpg", file, turn(decoded(full)))

(HERE / "expected.json").write_text(
    "{\n" + ",\n".join(f'"{n}":' + json.dumps(e, separators=(",", ":")) for n, e in expected.items()) + "\n}\n"
)
