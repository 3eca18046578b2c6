/** GGUF files with entries, tensors and counts that lie. */
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import { architectureOf } from "../../../src/model/architectures.ts";
import { type GgufPart, type GgufValue, tinyLlama, writeGguf } from "../gguf.ts";
import type { Format } from "./format.ts";
import { ABSURD, chance, pick, spoilBytes } from "./spoil.ts";

const { metadata, parts } = tinyLlama();
const tokenizer: [string, GgufValue][] = [
  ["tokenizer.ggml.model", "gpt2"],
  ["tokenizer.ggml.tokens", ["a", "b", "ab", "<s>"]],
  ["tokenizer.ggml.merges", ["a b"]],
  ["tokenizer.ggml.token_type", [1, 1, 1, 3]],
  ["tokenizer.ggml.bos_token_id", 3],
];
const VALUES: GgufValue[] = [
  0,
  1,
  3,
  0.5,
  -1.5,
  2 ** 31,
  2 ** 32 - 1,
  1e30,
  "",
  "x",
  "llama",
  "qwen2",
  true,
  [],
  ["a"],
  [1, 2],
];
const KEYS = [
  "general.alignment",
  "llama.attention.head_count_kv",
  "llama.attention.key_length",
  "llama.rope.dimension_count",
  "llama.rope.scaling.type",
  "llama.rope.scaling.factor",
  "llama.expert_count",
  "tokenizer.ggml.pre",
  "tokenizer.ggml.padding_token_id",
  "tokenizer.ggml.add_bos_token",
];

export const gguf: Format = {
  name: "gguf",
  make(random) {
    const entries = [...metadata, ...(chance(random, 0.5) ? tokenizer : [])].map(
      ([key, value]): [string, GgufValue] => [key, value],
    );
    const tensors = parts.map((part): GgufPart => ({ ...part }));
    const lies: (() => unknown)[] = [
      () => {
        pick(random, entries)[1] = pick(random, VALUES);
      },
      () => entries.push([pick(random, KEYS), pick(random, VALUES)]),
      () => entries.push(pick(random, entries)),
      () => entries.splice(random.integer(entries.length), 1),
      () => {
        pick(random, tensors).shape = Array.from({ length: random.integer(6) }, () =>
          chance(random, 0.5) ? random.integer(9) : pick(random, ABSURD.slice(0, 7)),
        );
      },
      () => {
        pick(random, tensors).offset = pick(random, [32, 64, 1, ...ABSURD.slice(0, 7)]);
      },
      () => {
        pick(random, tensors).type = random.integer(40);
      },
      () => {
        pick(random, tensors).name = pick(random, [
          "output.weight",
          "blk.0.attn_q.weight",
          "blk.1e9.x",
          "__proto__",
          "",
        ]);
      },
      () => tensors.splice(random.integer(tensors.length), 1),
    ];
    while (tensors.length > 0 && entries.length > 1 && chance(random, 0.6)) pick(random, lies)();
    const written = writeGguf(entries, tensors, chance(random, 0.03) ? random.integer(2 ** 31) : 3);
    const file = chance(random, 0.5) ? spoilBytes(random, written) : written;
    return {
      bytes: file.length,
      async read() {
        const { config } = await openCheckpoint({ "x.gguf": file });
        architectureOf(config).architecture.tensorTable(config);
      },
    };
  },
};
