"""A peer of bench/torchKernel.ts: the empirical NTK of MiniLM's body by torch.func, vmap(jacrev(functional call)), then one product a tensor.

    python3 bench/torch_kernel.py FOLDER    FOLDER: what bench/torchKernelJob.mjs dumped; the kernel goes to torch.bin

Prints one line of JSON: seconds by the clock and of the processor, bytes resident before the kernel and at the most.
"""

import json
import math
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch.func import jacrev, vmap

torch.set_num_threads(2)
folder = Path(sys.argv[1])
job = json.loads((folder / "job.json").read_text())
n, T, heads = job["n"], job["T"], job["heads"]


def numbers(name, kind):
    return torch.from_numpy(np.fromfile(folder / name, dtype=kind))


weights, at, flat = {}, 0, numbers("weights.bin", {"F32": np.float32, "F16": np.float16}[job["dtype"]])
for name, shape in job["shapes"].items():
    size = math.prod(shape)
    weights[name] = flat[at : at + size].reshape(shape).float().clone()
    at += size
del flat
ids = numbers("ids.bin", np.int32).long().reshape(n, T)
mask = numbers("mask.bin", np.uint8).bool().reshape(n, T)
head = numbers("head.bin", np.float32).reshape(job["outputs"], -1)


def f(w, ids, mask):
    """(C) outputs of one text, T ids."""
    dense = lambda x, name: F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])
    norm = lambda x, name: F.layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"], job["epsilon"])
    table = lambda name, rows: F.embedding(rows, w[f"embeddings.{name}.weight"])
    x = table("word_embeddings", ids) + table("position_embeddings", torch.arange(T))
    x = norm(x + table("token_type_embeddings", torch.zeros_like(ids)), "embeddings.LayerNorm")
    split = lambda rows: rows.reshape(T, heads, -1).transpose(0, 1)
    hidden = torch.where(mask, 0.0, -1e30)
    for layer in range(job["layers"]):
        at = f"encoder.layer.{layer}"
        q, k, v = (split(dense(x, f"{at}.attention.self.{name}")) for name in ("query", "key", "value"))
        scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1]) + hidden
        context = (scores.softmax(-1) @ v).transpose(0, 1).reshape(T, -1)
        a = norm(x + dense(context, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm")
        x = norm(a + dense(F.gelu(dense(a, f"{at}.intermediate.dense")), f"{at}.output.dense"), f"{at}.output.LayerNorm")
    return head @ ((x * mask[:, None]).sum(0) / mask.sum())


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


resident, began, before = peak(), time.perf_counter(), time.process_time()
jacobian = vmap(jacrev(f), (None, 0, 0))(weights, ids, mask)
rows = n * job["outputs"]
kernel = torch.zeros(rows, rows)
for name in list(jacobian):
    j = jacobian.pop(name).reshape(rows, -1)
    kernel += j @ j.T
print(
    json.dumps(
        {
            "seconds": time.perf_counter() - began,
            "processor": time.process_time() - before,
            "resident": resident,
            "peak": peak(),
            "version": torch.__version__,
        }
    )
)
kernel.double().numpy().tofile(folder / "torch.bin")
