"""The peer of TrunkBenchmark in PyTorch, same arguments: trunk size input width batch inference-batch threads seconds."""
import sys
import time
from pathlib import Path

sys.argv, arguments = sys.argv[:1], sys.argv[1:]
recipe = Path(__file__).parents[1] / "src/test/resources/org/deepercluster/stages/model/trunk_golden.py"
scope = {"__name__": "recipe"}
exec(compile(recipe.read_text().split("torch.set_default_dtype")[0], str(recipe), "exec"), scope)

import torch

trunk, size, source, width, batch, inference, threads, seconds = arguments
size, width, batch, inference, seconds = int(size), int(width), int(batch), int(inference), float(seconds)
torch.set_num_threads(int(threads))
net = scope["Trunk"](trunk, size, source, width)
channels = 1 if source == "gray" else 3
print(f"PyTorch {torch.__version__}, {threads} threads")


def measure(what, images, step):
    for repeat in range(4):
        start, cpu, done = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - start < seconds:
            step()
            done += images
        wall, used = time.perf_counter() - start, time.process_time() - cpu
        print(f"{what}{' (warming up)' if repeat == 0 else ''} {done / wall:.0f} images/s, {done / used:.0f} images per CPU second")


x = torch.randn(batch, channels, size, size)
dy = torch.randn(batch, net.fc2.out_features)


def train():
    net.zero_grad(set_to_none=True)
    net(x).backward(dy)


measure("train", batch, train)
net.eval()
y = torch.randn(inference, channels, size, size)
with torch.inference_mode():
    measure("infer", inference, lambda: net(y))
