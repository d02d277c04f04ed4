"""Writes trainer_golden.json: 20 optimiser steps of vgg-small (width 4, RGB, 16x16, batch 16, no
dropout) with the heads of DeeperCluster (m = 2, k = 6), by PyTorch in float64 (pip install torch).

Initial parameters and images are a formula of the tensor's position in the list and the value's
index, so that the test makes the same ones. Of each tensor after the 20 steps the file holds the
L2 norm of its change, its mean, and up to 32 values at even distances.
"""

import json
import math
import pathlib

import numpy as np
import torch
from torch import nn

WIDTH, SIZE, BATCH, STEPS = 4, 16, 16, 20
M, K, R, D = 2, 6, 4, 128
LR, MOMENTUM, DECAY = 0.05, 0.9, 1e-3
S, SUB = R * M, K // M


def java_name(name):
    """convs.0.weight -> trunk.conv1.weight, fc.0.bias -> trunk.fc1.bias, w.3.bias -> heads.w.3.bias"""
    layer, *rest = name.split(".")
    if layer in ("v", "w"):
        return "heads." + name
    return f"trunk.{layer.rstrip('s')}{int(rest[0]) + 1}.{rest[1]}"


def formula(position, shape):
    """Uniform in [-1, 1), 24 bits, SplitMix64's increment and finaliser."""
    n = int(np.prod(shape))
    with np.errstate(over="ignore"):
        z = (np.arange(n, dtype=np.uint64) + np.uint64(1 + position * 1_000_003)) * np.uint64(
            0x9E3779B97F4A7C15
        )
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    u = (z >> np.uint64(40)).astype(np.float32) / np.float32(1 << 23) - np.float32(1)
    return u.reshape(shape)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs, self.bns = nn.ModuleList(), nn.ModuleList()
        inputs = 3
        for block in range(3):
            for _ in range(2):
                out = WIDTH << block
                self.convs.append(nn.Conv2d(inputs, out, 3, padding=1))
                self.bns.append(nn.BatchNorm2d(out))
                inputs = out
        self.fc = nn.ModuleList([nn.Linear(4 * WIDTH * (SIZE // 8) ** 2, 256), nn.Linear(256, D)])
        self.v = nn.Linear(D, S)
        self.w = nn.ModuleList([nn.Linear(D, SUB) for _ in range(S)])

    def forward(self, x):
        for i, (conv, bn) in enumerate(zip(self.convs, self.bns)):
            x = torch.relu(bn(conv(x)))
            if i % 2 == 1:
                x = torch.max_pool2d(x, 2)
        return self.fc[1](torch.relu(self.fc[0](x.flatten(1))))


def run(dtype):
    net = Net()
    initial = {}
    for position, (name, p) in enumerate(net.named_parameters()):
        if name.startswith("bns") and name.endswith("weight"):
            offset, scale = 1.0, 0.25
        elif name.endswith("bias"):
            offset, scale = 0.0, 0.125
        else:
            offset, scale = 0.0, (0.5 if name.startswith("convs") else 0.125)
        value = np.float32(offset) + np.float32(scale) * formula(position, p.shape)
        p.data = torch.from_numpy(value.astype(np.float32))
        initial[name] = (position, offset, scale, p.data.double().clone())
    net = net.to(dtype)
    net.train()
    optimiser = torch.optim.SGD(net.parameters(), lr=LR, momentum=MOMENTUM, weight_decay=DECAY)
    losses = []
    for step in range(STEPS):
        x = torch.from_numpy(formula(1000 + step, (BATCH, 3, SIZE, SIZE))).to(dtype)
        # the heads of super-classes 6 and 7 never have an image
        s = torch.tensor([(i * 5 + step) % 6 for i in range(BATCH)])
        z = torch.tensor([(i + 2 * step) % SUB for i in range(BATCH)])
        f = torch.relu(net(x))
        loss = nn.functional.cross_entropy(net.v(f), s)
        for i in range(BATCH):
            y = net.w[int(s[i])](f[i : i + 1])
            loss = loss + nn.functional.cross_entropy(y, z[i : i + 1]) / BATCH
        for p in net.parameters():
            p.grad = torch.zeros_like(p)
        loss.backward()
        for group in optimiser.param_groups:
            group["lr"] = LR / 2 * (1 + math.cos(math.pi * step / STEPS))
        optimiser.step()
        losses.append(loss.item())
    return net, initial, losses


torch.set_num_threads(1)
net, initial, losses = run(torch.float64)
tensors = []
for name, t in list(net.named_parameters()) + list(net.named_buffers()):
    if name.endswith("num_batches_tracked"):
        continue
    t = t.detach().double()
    position, offset, scale, start = initial.get(name, (-1, None, None, None))
    if start is None:
        start = torch.ones_like(t) if name.endswith("var") else torch.zeros_like(t)
    flat = t.flatten()
    stride = max(1, flat.numel() // 32)
    tensors.append(
        {
            "name": java_name(name),
            "position": position,
            "offset": offset,
            "scale": scale,
            "shape": list(t.shape),
            "change": (t - start).norm().item(),
            "mean": flat.mean().item(),
            "stride": stride,
            "values": flat[::stride].tolist(),
        }
    )

# how far float32 alone drifts, for choosing the test's tolerance
single, _, single_losses = run(torch.float32)
worst = 0.0
for (name, a), b in zip(net.named_parameters(), single.parameters()):
    worst = max(worst, ((a - b.double()).norm() / (a - initial[name][3]).norm()).item())
print("losses", losses[0], losses[-1], "float32 drift", worst, abs(losses[-1] - single_losses[-1]))


def compact(value):
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, list):
        return [compact(v) for v in value]
    if isinstance(value, dict):
        return {n: compact(v) for n, v in value.items()}
    return value


out = {
    "lr": LR,
    "momentum": MOMENTUM,
    "weightDecay": DECAY,
    "steps": STEPS,
    "batch": BATCH,
    "losses": losses,
    "tensors": tensors,
}
path = pathlib.Path(__file__).parent / "trainer_golden.json"
path.write_text(json.dumps(compact(out), separators=(",", ":")) + "\n")
