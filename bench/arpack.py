"""The peer of bench/eigsh.ts: ARPACK through scipy on the matrix of a .npy file, one thread.

    python3 bench/arpack.py MATRIX.npy K  ->  one line of JSON: milliseconds, applications, eigenvalues (largest first)
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # settings of a machine that would slow the peer down
    os.environ.pop(name, None)

import json
import sys
import time

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

a = np.load(sys.argv[1])
k = int(sys.argv[2])
start = np.random.default_rng(0).standard_normal(len(a))
a @ start  # wakes the library up

began = time.perf_counter()
values = eigsh(a, k, which="LA", v0=start, return_eigenvectors=True)[0]
milliseconds = 1000 * (time.perf_counter() - began)

applications = 0


def count(x):
    global applications
    applications += 1
    return a @ x


if len(sys.argv) > 3:
    eigsh(LinearOperator(a.shape, matvec=count, dtype=a.dtype), k, which="LA", v0=start)
print(
    json.dumps(
        {
            "milliseconds": milliseconds,
            "applications": applications,
            "values": sorted(values.tolist(), reverse=True),
        }
    )
)
