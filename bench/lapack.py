"""The peer of bench/eigh.ts: LAPACK through numpy on the float64 matrix given on standard input, one thread.

    python3 bench/lapack.py N ROUNDS < matrix  ->  one line of JSON: milliseconds of eigh and eigvalsh, eigenvalues (largest first)
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

n = int(sys.argv[1])
a = np.frombuffer(sys.stdin.buffer.read(), dtype=np.float64).reshape(n, n)


def milliseconds(body):
    began = time.perf_counter()
    body(a)
    return 1000 * (time.perf_counter() - began)


values = np.linalg.eigh(a).eigenvalues  # wakes the library up
rounds = range(int(sys.argv[2]))
print(
    json.dumps(
        {
            "numpy": np.__version__,
            "eigh": [milliseconds(np.linalg.eigh) for _ in rounds],
            "eigvalsh": [milliseconds(np.linalg.eigvalsh) for _ in rounds],
            "values": values[::-1].tolist(),
        }
    )
)
