"""The clustering benchmark's peer: NumPy's PCA-whitening and FAISS's k-means on the same Parquet files.

Usage: clustering_peer.py RESULT.json K ITERATIONS THREADS OUTPUT (RESULT.json is written by ClusteringBenchmark: it names the files
and the rows to start from). Prints one line of JSON.
"""

import json
import os
import resource
import sys
import time

spec, k, iterations, threads, output = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5]
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(threads)

import faiss  # noqa: E402
import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

pa.set_cpu_count(threads)
faiss.omp_set_num_threads(threads)
with open(spec, encoding="utf-8") as f:
    told = json.load(f)
start = np.array(told["start"])

begun = time.perf_counter()
ids, blocks = [], []
for path in told["features"]:
    table = pq.read_table(path)
    ids.append(table["image_id"])
    for chunk in table["feature"].chunks:
        blocks.append(chunk.flatten().to_numpy().reshape(len(chunk), -1))
x = np.concatenate(blocks)
del blocks
n, d = x.shape
read = time.perf_counter()

# As the stage: moments in float64 of d(d-1)/2 rows (at least 10,000) taken evenly; floor of 1e-5; norm 1.
size = min(n, max(10_000, d * (d - 1) // 2))
rows = np.arange(n, dtype=np.int64)
sample = x[(rows + 1) * size // n > rows * size // n].astype(np.float64)
mean = sample.mean(0)
values, vectors = np.linalg.eigh(np.cov(sample.T))
values, vectors = values[::-1], vectors[:, ::-1]
projection = (vectors / np.sqrt(np.maximum(values, 1e-5 * values[0]))).astype(np.float32)
x -= mean.astype(np.float32)
x = x @ projection
x /= np.linalg.norm(x, axis=1, keepdims=True)
whitened = time.perf_counter()

peer = faiss.Clustering(d, k)
peer.niter = iterations
peer.max_points_per_centroid = n
peer.min_points_per_centroid = 1
faiss.copy_array_to_vector(x[start].ravel(), peer.centroids)
index = faiss.IndexFlatL2(d)
peer.train(x, index)
trained = time.perf_counter()
distance, label = index.search(x, 1)
assigned = time.perf_counter()
pq.write_table(
    pa.table(
        {
            "image_id": pa.chunked_array([c for i in ids for c in i.chunks]),
            "cluster": label[:, 0].astype(np.int32),
            "distance": distance[:, 0],
        }
    ),
    output,
)
ended = time.perf_counter()
print(
    json.dumps(
        {
            "seconds": ended - begun,
            "read": read - begun,
            "whiten": whitened - read,
            "iteration": (trained - whitened) / iterations,
            "assign": assigned - trained,
            "first_objective": peer.iteration_stats.at(0).obj,
            "objective": float(distance.astype(np.float64).sum()),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "faiss": faiss.__version__,
        }
    )
)
