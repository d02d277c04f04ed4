"""Writes health.json: reference values of a clustering's health.

Run: python health.py (numpy, scipy 1.17, scikit-learn 1.9); no input, no network.
"""

import json
import os

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import entropy
from sklearn import metrics

HERE = os.path.dirname(os.path.abspath(__file__))


def sizes(counts):
    n = np.asarray(counts, float)
    differences = np.abs(n[:, None] - n[None, :]).sum()
    return dict(
        sizes=[int(v) for v in counts],
        entropy=float(entropy(n)),
        normalised=float(entropy(n) / np.log(len(n))),
        gini=float(differences / (2 * len(n) * n.sum())),
        quantiles=[
            int(v)
            for v in np.quantile(n, [0.1, 0.25, 0.5, 0.75, 0.9], method="inverted_cdf")
        ],
    )


def greedy(table):
    """Images that stay in matched clusters, by the definition."""
    cells = sorted(
        (-int(v), a, b) for (a, b), v in np.ndenumerate(table) if v > 0
    )
    before, after, kept = set(), set(), 0
    for v, a, b in cells:
        if a not in before and b not in after:
            before.add(a)
            after.add(b)
            kept -= v
    return kept


def reassignment(before, after):
    table = metrics.cluster.contingency_matrix(before, after)
    rows, columns = linear_sum_assignment(table, maximize=True)
    n = len(before)
    return dict(
        before=[int(v) for v in before],
        after=[int(v) for v in after],
        nmi=float(
            metrics.normalized_mutual_info_score(
                before, after, average_method="geometric"
            )
        ),
        changed=float((n - greedy(table)) / n),
        leastChanged=float((n - table[rows, columns].sum()) / n),
    )


def main():
    rng = np.random.default_rng(5)
    before = rng.integers(0, 12, 400)
    renamed = rng.permutation(12)[before]
    some = np.where(rng.random(400) < 0.3, rng.integers(0, 12, 400), renamed)
    merged = some // 3
    skewed = np.minimum(rng.geometric(0.3, 400), 12)
    with open(os.path.join(HERE, "health.json"), "w", encoding="ascii") as f:
        json.dump(
            dict(
                sizes=[
                    sizes([5, 3, 0, 2]),
                    sizes(rng.integers(0, 1000, 37)),
                    sizes([7, 7, 7]),
                    sizes([0, 0, 0, 0, 9]),
                ],
                reassignments=[
                    reassignment(before, renamed),
                    reassignment(before, some),
                    reassignment(before, merged),
                    reassignment(before, skewed),
                    reassignment(before, rng.integers(0, 12, 400)),
                    # The greedy matching takes 4 of 10, the best one 6.
                    reassignment(
                        [0] * 7 + [1] * 3, [0] * 4 + [1] * 3 + [0] * 3
                    ),
                ],
            ),
            f,
            separators=(",", ":"),
        )
        f.write("\n")


main()
