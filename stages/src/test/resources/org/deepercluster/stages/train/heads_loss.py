"""Writes heads_loss.json: SeLa's loss over several heads, with and without rotations, and its
gradients, by NumPy in float64; the gradients are checked here against finite differences.

Run: python heads_loss.py (numpy); no input, no network.

loss = mean_i [ l(V relu(f_i), r_i) ] + mean_i mean_h [ l(W_h relu(f_i), z_ih) ], l = -log-softmax.
"""

import json
import os

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def classifier(x, w, b, target, weight):
    """Weighted sum of losses, number told right, gradients by w, b and x."""
    y = x @ w.T + b
    y = y - y.max(1, keepdims=True)
    p = np.exp(y) / np.exp(y).sum(1, keepdims=True)
    rows = np.arange(len(x))
    loss = -np.log(p[rows, target]).sum() * weight
    g = p.copy()
    g[rows, target] -= 1
    g *= weight
    return loss, int((p.argmax(1) == target).sum()), g.T @ x, g.sum(0), g @ w


def evaluate(f, heads, s, z, rotations):
    x = np.maximum(f, 0)
    b, h = z.shape
    out = {"super": 0.0, "sub": 0.0, "superCorrect": 0, "subCorrect": 0}
    gradients, dx = {}, np.zeros_like(x)
    if rotations > 1:
        loss, right, gw, gb, gx = classifier(x, heads["v.weight"], heads["v.bias"], s, 1 / b)
        out["super"], out["superCorrect"] = loss, right
        gradients["v.weight"], gradients["v.bias"] = gw, gb
        dx += gx
    for i in range(h):
        w = f"w.{i}"
        loss, right, gw, gb, gx = classifier(
            x, heads[w + ".weight"], heads[w + ".bias"], z[:, i], 1 / (b * h))
        out["sub"] += loss
        out["subCorrect"] += right
        gradients[w + ".weight"], gradients[w + ".bias"] = gw, gb
        dx += gx
    return out, gradients, dx * (f > 0)


def check(f, heads, s, z, rotations, gradients, df):
    def total():
        out, _, _ = evaluate(f, heads, s, z, rotations)
        return out["super"] + out["sub"]

    rng = np.random.default_rng(0)
    for a, g in [(f, df)] + [(heads[n], gradients[n]) for n in heads]:
        for _ in range(5):
            at = tuple(rng.integers(0, d) for d in a.shape)
            keep, e = a[at], 1e-6
            a[at] = keep + e
            up = total()
            a[at] = keep - e
            down = total()
            a[at] = keep
            assert abs((up - down) / (2 * e) - g[at]) < 1e-8


def case(rng, h, k, b, d, rotations, scale=1.0):
    def random(*shape):
        return (rng.normal(size=shape) * scale).astype(np.float32).astype(np.float64)

    f = random(b, d)
    s = rng.integers(0, rotations, b)
    z = rng.integers(0, k, (b, h))
    heads = {}
    if rotations > 1:
        heads["v.weight"], heads["v.bias"] = random(rotations, d), random(rotations)
    for i in range(h):
        heads[f"w.{i}.weight"], heads[f"w.{i}.bias"] = random(k, d), random(k)
    out, gradients, df = evaluate(f, heads, s, z, rotations)
    check(f, heads, s, z, rotations, gradients, df)
    return {
        "H": h, "k": k, "d": d, "rotations": rotations,
        "features": f.tolist(), "superClass": s.tolist(), "subClass": z.ravel().tolist(),
        "heads": {n: v.tolist() for n, v in heads.items()},
        "superLoss": out["super"], "subLoss": out["sub"],
        "superCorrect": out["superCorrect"], "subCorrect": out["subCorrect"],
        "gradients": {n: v.tolist() for n, v in gradients.items()},
        "featureGradient": df.tolist(),
    }


def main():
    rng = np.random.default_rng(2020)
    cases = [
        case(rng, 3, 5, 8, 6, 1),
        case(rng, 2, 4, 9, 5, 4),
        case(rng, 1, 7, 6, 4, 1),
        case(rng, 2, 3, 1, 4, 4, scale=20.0),
    ]
    with open(os.path.join(HERE, "heads_loss.json"), "w", encoding="ascii") as out:
        json.dump({"cases": cases}, out, separators=(",", ":"))
        out.write("\n")


main()
