"""A peer of bench/models.ts: MiniLM with mean pooling and a linear head on PyTorch, f and the gradients by autograd.

    python3 bench/minilm.py FOLDER    FOLDER: job.json (sizes, names and shapes), weights.bin, ids.bin, u.bin; f and gradients go to out.bin

Reads numbers of threads from standard input, one a line, and answers each with the milliseconds of one run, by the clock and of the processor.
"""

import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

folder = Path(sys.argv[1])
job = json.loads((folder / "job.json").read_text())
n, T, heads = job["texts"], job["positions"], job["heads"]


def numbers(name, kind):
    return torch.from_numpy(np.fromfile(folder / name, dtype=kind))


weights, at, flat = {}, 0, numbers("weights.bin", np.float32)
for name, shape in job["shapes"].items():
    size = math.prod(shape)
    weights[name] = flat[at : at + size].reshape(shape).clone().requires_grad_()
    at += size
ids = numbers("ids.bin", np.int32).long().reshape(n, T)
u = numbers("u.bin", np.float32).reshape(n, -1)


def dense(x, name):
    return F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])


def norm(x, name):
    return F.layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], job["epsilon"])


def forward():
    table = lambda name, rows: F.embedding(rows, weights[f"embeddings.{name}.weight"])
    x = table("word_embeddings", ids) + table("position_embeddings", torch.arange(T))
    x = norm(x + table("token_type_embeddings", torch.zeros_like(ids)), "embeddings.LayerNorm")
    split = lambda rows: rows.reshape(n, T, heads, -1).transpose(1, 2)
    for layer in range(job["layers"]):
        at = f"encoder.layer.{layer}"
        q, k, v = (split(dense(x, f"{at}.attention.self.{name}")) for name in ("query", "key", "value"))
        context = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, T, -1)
        a = norm(x + dense(context, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm")
        inner = F.gelu(dense(a, f"{at}.intermediate.dense"))
        x = norm(a + dense(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")
    return dense(x.mean(1), "head")


def run():
    f = forward()
    return f, torch.autograd.grad(f, list(weights.values()), u)


f, gradients = run()
with open(folder / "out.bin", "wb") as out:
    for tensor in (f.detach(), *gradients):
        out.write(tensor.contiguous().numpy().tobytes())
print(torch.__version__, flush=True)
for line in sys.stdin:
    torch.set_num_threads(int(line))
    began, before = time.perf_counter(), time.process_time()
    run()
    print(json.dumps([1000 * (time.perf_counter() - began), 1000 * (time.process_time() - before)]), flush=True)
