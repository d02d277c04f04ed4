"""Writes transfer.json: optimiser steps of the transfer protocols on vgg-small (width 4, 16x16, batch 8, no dropout) by
PyTorch in float64 (pip install torch numpy).

Cases: the whole network with 20 sigmoids, running statistics, clipping and ignored labels (voc07-all); its linear layers
alone (voc07-fc68); the whole network with softmax and batch statistics, Sobel input folded into a 5x5 convolution
(imagenet-finetune), started from the unfolded weights; linear probes on every convolution.

Initial parameters and images are a formula of the tensor's position in the list and the value's index, so that the test
makes the same ones. Of each tensor after the steps the file holds the L2 norm of its change and up to 16 values at even
distances.
"""

import json
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

WIDTH, SIZE, BATCH, STEPS, K, D = 4, 16, 8, 8, 20, 128
LR, MOMENTUM, DECAY, EVERY = 0.01, 0.9, 1e-3, 3
CLIP = 60.0


def formula(position, shape):
    """Uniform in [-1, 1), 24 bits, SplitMix64's increment and finaliser."""
    n = int(np.prod(shape))
    with np.errstate(over="ignore"):
        z = (np.arange(n, dtype=np.uint64) + np.uint64(1 + position * 1_000_003)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    u = (z >> np.uint64(40)).astype(np.float32) / np.float32(1 << 23) - np.float32(1)
    return u.reshape(shape)


class Net(nn.Module):
    """vgg-small on 3 or 2 channels, with an output layer of K."""

    def __init__(self, channels, kernel=3, padding=1):
        super().__init__()
        self.convs, self.bns = nn.ModuleList(), nn.ModuleList()
        for block in range(3):
            for _ in range(2):
                out = WIDTH << block
                first = not self.convs
                self.convs.append(nn.Conv2d(channels, out, kernel if first else 3, padding=padding if first else 1))
                self.bns.append(nn.BatchNorm2d(out))
                channels = out
        self.fc = nn.ModuleList([nn.Linear(4 * WIDTH * (SIZE // 8) ** 2, 256), nn.Linear(256, D)])
        self.output = nn.Linear(D, K)

    def maps(self, x):
        for i, (conv, bn) in enumerate(zip(self.convs, self.bns)):
            x = torch.relu(bn(conv(x)))
            yield x
            if i % 2 == 1:
                x = torch.max_pool2d(x, 2)
        self.last = x

    def forward(self, x):
        for _ in self.maps(x):
            pass
        return self.output(torch.relu(self.fc[1](torch.relu(self.fc[0](self.last.flatten(1))))))


def java_name(name):
    layer, *rest = name.split(".")
    if layer == "output":
        return name
    return f"trunk.{layer.rstrip('s')}{int(rest[0]) + 1}.{rest[1]}"


def initial(net):
    """Sets every parameter and running statistic; gives the recipe by name."""
    recipe = {}
    for position, (name, t) in enumerate(list(net.named_parameters()) + list(net.named_buffers())):
        if name.endswith("num_batches_tracked"):
            continue
        if name.startswith("bns") and (name.endswith("weight") or name.endswith("var")):
            offset, scale = 1.0, 0.25
        elif name.endswith("bias") or name.endswith("mean"):
            offset, scale = 0.0, 0.125
        else:
            offset, scale = 0.0, (0.5 if name.startswith("convs") else 0.125)
        value = np.float32(offset) + np.float32(scale) * formula(position, tuple(t.shape))
        t.data = torch.from_numpy(value.astype(np.float32))
        recipe[name] = {"name": java_name(name), "position": position, "offset": offset, "scale": scale}
    return recipe


def images(step):
    return torch.from_numpy(formula(1000 + step, (BATCH, 3, SIZE, SIZE))).double()


def single(step):
    return torch.tensor([(3 * i + step) % K for i in range(BATCH)])


def states(step):
    """1 present, -1 absent, 0 ignored."""
    return torch.tensor([[(1, -1, -1, 0, -1)[(i + 2 * k + step) % 5] for k in range(K)] for i in range(BATCH)])


def sample(before, after):
    flat = after.flatten()
    stride = max(1, flat.numel() // 16)
    return {"change": (after - before).norm().item(), "stride": stride, "values": flat[::stride].tolist()}


def fine_tune(net, trained, loss_of, x_of, clip):
    start = {n: t.detach().clone() for n, t in net.state_dict().items()}
    for p in net.parameters():
        p.requires_grad = any(p is q for q in trained)
    optimiser = torch.optim.SGD(trained, lr=LR, momentum=MOMENTUM, weight_decay=DECAY)
    losses, norms = [], []
    for step in range(STEPS):
        for group in optimiser.param_groups:
            group["lr"] = LR * 0.5 ** (step // EVERY)
        loss = loss_of(net(x_of(step)), step)
        optimiser.zero_grad()
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(trained, clip).item())
        optimiser.step()
        losses.append(loss.item())
    print("losses", losses, "norms", norms)
    return losses, {
        java_name(n): sample(start[n], t.detach())
        for n, t in net.state_dict().items()
        if not n.endswith("num_batches_tracked")
    }


def sigmoids(logits, step):
    s = states(step)
    each = F.binary_cross_entropy_with_logits(logits, (s > 0).double(), reduction="none")
    return (each * (s != 0)).sum() / len(s)


def softmax(logits, step):
    return F.cross_entropy(logits, single(step))


torch.set_num_threads(1)
out = {
    "lr": LR, "momentum": MOMENTUM, "weightDecay": DECAY, "every": EVERY, "steps": STEPS, "batch": BATCH,
    "classes": K, "clip": CLIP,
}

net = Net(3)
out["rgb"] = list(initial(net).values())
net = net.double().eval()
losses, tensors = fine_tune(net, list(net.parameters()), sigmoids, images, CLIP)
out["all"] = {"losses": losses, "tensors": tensors}

net = Net(3)
initial(net)
net = net.double().eval()
linear = [p for n, p in net.named_parameters() if n.startswith("fc") or n.startswith("output")]
losses, tensors = fine_tune(net, linear, sigmoids, images, CLIP)
out["linear"] = {"losses": losses, "tensors": tensors}

# Sobel filters on the image padded by 2, then conv1 padded by 1, as published; its 5x5 form by folding unit images
unfolded = Net(2)
out["sobel"] = list(initial(unfolded).values())
unfolded = unfolded.double()
filters = torch.tensor([[[1.0, 0, -1], [2, 0, -2], [1, 0, -1]], [[1.0, 2, 1], [0, 0, 0], [-1, -2, -1]]]).double()
edges = lambda x: F.conv2d(F.pad(x.mean(1, keepdim=True), (2, 2, 2, 2)), filters[:, None])
folded = Net(3, 5, 3).double()
state = {n: t.detach().clone() for n, t in unfolded.state_dict().items()}
weight = torch.zeros(WIDTH, 3, 5, 5, dtype=torch.float64)
for i in range(3):
    for y in range(5):
        for x in range(5):
            unit = torch.zeros(1, 3, 5, 5, dtype=torch.float64)
            unit[0, i, y, x] = 1
            # the one place where a 3x3 kernel of 3x3 sums fits
            weight[:, i, y, x] = F.conv2d(F.conv2d(unit.mean(1, keepdim=True), filters[:, None]), state["convs.0.weight"])[0, :, 0, 0]
state["convs.0.weight"] = weight
folded.load_state_dict(state)
unfolded.eval(), folded.eval()
with torch.no_grad():
    first = unfolded.convs[0](edges(images(0)))
    assert (first - folded.convs[0](images(0))).abs().max() < 1e-12
    assert first.shape[-1] == SIZE + 2
    out["unfolded"] = {"logits": unfolded(edges(images(0))).flatten()[::7].tolist(), "stride": 7}
folded.train()
losses, tensors = fine_tune(folded, list(folded.parameters()), softmax, images, float("inf"))
out["folded"] = {"losses": losses, "tensors": tensors}

# linear probes on all convolutions of the frozen network, from zero
net = Net(3)
initial(net)
net = net.double().eval()
with torch.no_grad():
    sizes = [m.flatten(1).shape[1] for m in net.maps(images(0))]
probes = [nn.Linear(n, K).double() for n in sizes]
rates = [0.0002 * (i + 1) for i in range(len(probes))]
optimisers = []
for probe, lr in zip(probes, rates):
    nn.init.zeros_(probe.weight), nn.init.zeros_(probe.bias)
    optimisers.append(torch.optim.SGD(probe.parameters(), lr=lr, momentum=MOMENTUM, weight_decay=DECAY))
curves = []
for step in range(STEPS):
    with torch.no_grad():
        maps = [m.flatten(1) for m in net.maps(images(step))]
    curves.append([])
    for probe, lr, optimiser, f in zip(probes, rates, optimisers, maps):
        for group in optimiser.param_groups:
            group["lr"] = lr / (1 + lr * DECAY * step) ** 0.5
        loss = softmax(probe(f), step)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        curves[-1].append(loss.item())
out["probes"] = {
    "rates": rates,
    "losses": curves,
    "tensors": {
        f"conv{i + 1}.{n}": sample(torch.zeros_like(t), t.detach())
        for i, probe in enumerate(probes)
        for n, t in probe.named_parameters()
    },
}


def compact(value):
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, list):
        return [compact(v) for v in value]
    if isinstance(value, dict):
        return {n: compact(v) for n, v in value.items()}
    return value


path = pathlib.Path(__file__).parent / "transfer.json"
path.write_text(json.dumps(compact(out), separators=(",", ":")) + "\n")
