"""Reference values of the trunks, computed by PyTorch.  Usage: python trunk_golden.py > trunk.json

Weights, inputs and output gradients come from a recipe that the test repeats: element i of the array called
NAME is ((i + 1) * 2654435761 + crc32(NAME)) * 2246822519 mod 2^32, its upper 16 bits / 65536 - 0.5, times a scale.
Arrays of more than 200 elements are kept as every stride-th element.
"""
import json
import zlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

BLOCKS = {"vgg16": [[1, 1], [2, 2], [4, 4, 4], [8, 8, 8], [8, 8, 8]], "vgg-small": [[1, 1], [2, 2], [4, 4]]}


def recipe(name, shape, scale, offset=0.0):
    i = np.arange(1, int(np.prod(shape)) + 1, dtype=np.uint64)
    h = (i * np.uint64(2654435761) + np.uint64(zlib.crc32(name.encode()))) & np.uint64(0xFFFFFFFF)
    h = (h * np.uint64(2246822519)) & np.uint64(0xFFFFFFFF)
    u = (h >> np.uint64(16)).astype(np.float64) / 65536 - 0.5
    return torch.tensor((offset + scale * u).astype(np.float32).reshape(shape))


class Trunk(nn.Module):
    def __init__(self, trunk, size, source, width):
        super().__init__()
        self.trunk, self.source = trunk, source
        channels = {"gray": 1, "rgb": 3, "sobel": 2}[source]
        self.convs, self.norms, self.pools = nn.ModuleList(), nn.ModuleList(), []
        for block in BLOCKS[trunk]:
            for j, factor in enumerate(block):
                self.convs.append(nn.Conv2d(channels, factor * width, 3, padding=1))
                self.norms.append(nn.BatchNorm2d(factor * width))
                self.pools.append(j == len(block) - 1)
                channels = factor * width
            size //= 2
        pooled = 7 if trunk == "vgg16" else size
        hidden, features = (64 * width, 64 * width) if trunk == "vgg16" else (256, 128)
        self.fc1 = nn.Linear(channels * pooled * pooled, hidden)
        self.fc2 = nn.Linear(hidden, features)

    def forward(self, x):
        if self.source == "sobel":
            gray = x.mean(1, keepdim=True)
            filters = torch.tensor([[[[1., 0, -1], [2, 0, -2], [1, 0, -1]]], [[[1., 2, 1], [0, 0, 0], [-1, -2, -1]]]])
            x = F.conv2d(gray, filters, padding=1)
        self.maps = []
        for conv, norm, pool in zip(self.convs, self.norms, self.pools):
            x = F.relu(norm(conv(x)))
            self.maps.append(x)
            if pool:
                x = F.max_pool2d(x, 2)
        if self.trunk == "vgg16":
            x = F.adaptive_avg_pool2d(x, 7)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))

    def named(self):
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms), 1):
            yield f"conv{i}.weight", conv.weight
            yield f"conv{i}.bias", conv.bias
            yield f"bn{i}.weight", norm.weight
            yield f"bn{i}.bias", norm.bias
            yield f"bn{i}.running_mean", norm.running_mean
            yield f"bn{i}.running_var", norm.running_var
        for name in ("fc1", "fc2"):
            yield name + ".weight", getattr(self, name).weight
            yield name + ".bias", getattr(self, name).bias


def value(name, shape):
    if name.endswith("running_var") or name.startswith("bn") and name.endswith(".weight"):
        return recipe(name, shape, 0.8, 1.0)
    if len(shape) == 1:
        return recipe(name, shape, 0.4)
    return recipe(name, shape, 3.0 / np.sqrt(np.prod(shape[1:])))


def sample(tensor):
    flat = tensor.detach().flatten()
    stride = -(-len(flat) // 200)
    return [float(f"{v:.7g}") for v in flat[::stride].tolist()]


def case(trunk, size, source, width, batch):
    net = Trunk(trunk, size, source, width)
    with torch.no_grad():
        for name, tensor in net.named():
            tensor.copy_(value(name, tuple(tensor.shape)))
    x = recipe("x", (batch, 1 if source == "gray" else 3, size, size), 4.0)
    net.eval()
    result = dict(trunk=trunk, imageSize=size, input=source, width=width, batch=batch)
    result["eval"] = sample(net(x))
    result["maps"] = {f"conv{i}": sample(m) for i, m in enumerate(net.maps, 1) if i in (1, 2, 5, len(net.maps))}
    net.train()
    y = net(x)
    result["train"] = sample(y)
    y.backward(recipe("dy", tuple(y.shape), 1.0))
    result["gradients"] = {n: sample(t.grad) for n, t in net.named() if t.requires_grad}
    result["running"] = {n: sample(t) for n, t in net.named() if "running" in n}
    return result


torch.set_default_dtype(torch.float64)  # the reference in double precision, from single-precision inputs
recipe32 = recipe
recipe = lambda *a: recipe32(*a).double()
print(json.dumps([
    case("vgg-small", 16, "gray", 4, 5),
    case("vgg-small", 18, "sobel", 3, 4),
    case("vgg-small", 8, "rgb", 2, 6),
    case("vgg16", 64, "rgb", 1, 4),
    case("vgg16", 224, "sobel", 1, 2),
]).replace("], ", "],\n "))
