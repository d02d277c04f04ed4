"""Writes loss_golden.json: loss, accuracy and gradients of the hierarchical loss, and 20 SGD steps
of the heads on fixed features, by PyTorch in float64 (pip install torch).

Each case holds S, K, d, features [b][d], targets s and z, V's and the W_s' weights and biases,
the two parts of the loss, the gradients with respect to all of them, and the parameters after 20
steps of torch.optim.SGD under a cosine learning rate.
"""

import json
import math
import pathlib

import torch

torch.manual_seed(20190127)
torch.set_default_dtype(torch.float64)
LR, MOMENTUM, DECAY, STEPS = 0.3, 0.9, 0.01, 20


def rounded(t):
    """The nearest float32 values, so that Java reads the same inputs."""
    return t.to(torch.float32).to(torch.float64)


def case(method, m, k, S, K, b, d, scale=1.0):
    f = rounded(torch.randn(b, d) * scale).requires_grad_()
    s = torch.randint(0, S, (b,))
    z = torch.randint(0, K, (b,))
    heads = {}
    if S > 1:
        heads["v.weight"] = torch.randn(S, d)
        heads["v.bias"] = torch.randn(S)
    if K > 1:
        for i in range(S):
            heads[f"w.{i}.weight"] = torch.randn(K, d)
            heads[f"w.{i}.bias"] = torch.randn(K)
    heads = {n: rounded(t).requires_grad_() for n, t in heads.items()}
    initial = {n: t.tolist() for n, t in heads.items()}

    def parts():
        x = torch.relu(f)
        zero = torch.zeros(())
        sup = sub = zero
        right = [0, 0]
        if S > 1:
            y = torch.nn.functional.linear(x, heads["v.weight"], heads["v.bias"])
            sup = torch.nn.functional.cross_entropy(y, s)
            right[0] = int((y.argmax(1) == s).sum())
        if K > 1:
            for i in range(b):
                w = f"w.{int(s[i])}"
                y = torch.nn.functional.linear(x[i], heads[w + ".weight"], heads[w + ".bias"])
                sub = sub + torch.nn.functional.cross_entropy(y[None], z[i][None]) / b
                right[1] += int(y.argmax() == z[i])
        return sup, sub, right

    sup, sub, right = parts()
    (sup + sub).backward()
    gradients = {
        n: (torch.zeros_like(t) if t.grad is None else t.grad).tolist() for n, t in heads.items()
    }
    feature_gradient = f.grad.tolist()

    # a head without images still has a gradient, of zero: weight decay acts on it
    optimiser = torch.optim.SGD(heads.values(), lr=LR, momentum=MOMENTUM, weight_decay=DECAY)
    for step in range(STEPS):
        for t in heads.values():
            t.grad = torch.zeros_like(t)
        for group in optimiser.param_groups:
            group["lr"] = LR / 2 * (1 + math.cos(math.pi * step / STEPS))
        a, c, _ = parts()
        (a + c).backward()
        optimiser.step()
    return {
        "method": method,
        "m": m,
        "k": k,
        "S": S,
        "K": K,
        "d": d,
        "features": f.tolist(),
        "superClass": s.tolist(),
        "subClass": z.tolist(),
        "heads": initial,
        "superLoss": sup.item(),
        "subLoss": sub.item(),
        "superCorrect": right[0],
        "subCorrect": right[1],
        "gradients": gradients,
        "featureGradient": feature_gradient,
        "after20": {n: t.tolist() for n, t in heads.items()},
    }


def compact(value):
    if isinstance(value, float):
        return float(f"{value:.10g}")
    if isinstance(value, list):
        return [compact(v) for v in value]
    if isinstance(value, dict):
        return {n: compact(v) for n, v in value.items()}
    return value


cases = [
    case("deepercluster", 2, 6, 8, 3, 12, 5),
    case("deepercluster", 3, 3, 12, 1, 6, 4),
    case("deepercluster", 1, 4, 4, 4, 1, 3),
    case("deepercluster", 2, 6, 8, 3, 9, 5, scale=300.0),
    case("deepcluster", 1, 7, 1, 7, 10, 6),
    case("rotnet", 1, 1, 4, 1, 8, 5),
    case("cartesian", 1, 3, 1, 12, 16, 4),
    case("supervised", 1, 10, 1, 10, 16, 4),
]
out = {"lr": LR, "momentum": MOMENTUM, "weightDecay": DECAY, "steps": STEPS, "cases": cases}
path = pathlib.Path(__file__).parent / "loss_golden.json"
path.write_text(json.dumps(compact(out), separators=(",", ":")) + "\n")
