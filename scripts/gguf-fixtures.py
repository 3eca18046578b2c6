"""Writes test/checkpoint/fixtures/quantized.json: random blocks of every type and what the `gguf` package of llama.cpp makes of them.

Run with numpy and gguf (PyPI) installed: python scripts/gguf-fixtures.py
"""
import base64, json, pathlib
import numpy as np
from gguf import GGMLQuantizationType as T
from gguf.quants import dequantize

random = np.random.default_rng(5)
HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}
BYTES = {"Q4_0": 18, "Q4_1": 20, "Q5_0": 22, "Q5_1": 24, "Q8_0": 34, "Q4_K": 144, "Q5_K": 176, "Q6_K": 210}

fixtures = {}
for name, size in BYTES.items():
    rows = 3 if size > 100 else 8
    blocks = random.integers(0, 256, (rows, size), dtype=np.uint8)
    for at in HALVES[name]:  # finite scales: normal ones, one subnormal, one negative
        scales = (random.standard_normal(rows) * 0.1).astype(np.float16)
        scales[0] = np.float16(3e-6)
        blocks[:, at:at + 2] = scales.view(np.uint8).reshape(rows, 2)
    values = dequantize(blocks, T[name]).astype("<f4")
    text = lambda array: base64.b64encode(array.tobytes()).decode()
    fixtures[name] = {"bytes": text(blocks), "values": text(values)}

path = pathlib.Path(__file__).parent.parent / "test/checkpoint/fixtures/quantized.json"
path.write_text(json.dumps(fixtures, indent=2) + "\n")
