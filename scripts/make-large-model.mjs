// Writes a GPT-Neo of random bf16 weights in the layout of the hub, shard by shard, a piece at a time: by default of the shape of
// GPT-Neo 1.3B (2.6 GB), for what has to work on models that memory does not hold. The same numbers every time.
//   node scripts/make-large-model.mjs FOLDER [--layers 24] [--width 2048] [--heads 16] [--vocabulary 50257] [--context 2048]
//     [--shard-bytes 1000000000]
import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { streamSafetensors } from "ntkit/model";

const PIECE = 2 ** 22; // numbers

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    layers: { type: "string", default: "24" },
    width: { type: "string", default: "2048" },
    heads: { type: "string", default: "16" },
    vocabulary: { type: "string", default: "50257" },
    context: { type: "string", default: "2048" },
    "shard-bytes": { type: "string", default: "1000000000" },
  },
});
const [folder] = positionals;
if (!folder) throw new Error("expected a folder to write to");
const [layers, d, heads, V, context, shardBytes] = Object.values(values).map(Number);

const config = {
  architectures: ["GPTNeoForCausalLM"],
  model_type: "gpt_neo",
  vocab_size: V,
  max_position_embeddings: context,
  hidden_size: d,
  num_layers: layers,
  num_heads: heads,
  intermediate_size: 4 * d,
  attention_types: [[["global", "local"], layers / 2]],
  window_size: 256,
  activation_function: "gelu_new",
  layer_norm_epsilon: 1e-5,
  tie_word_embeddings: true,
  torch_dtype: "bfloat16",
};

function shapes() {
  const list = [
    ["wte.weight", [V, d]],
    ["wpe.weight", [context, d]],
    ["ln_f.weight", [d]],
    ["ln_f.bias", [d]],
  ];
  for (let l = 0; l < layers; l++) {
    const layer = {
      "ln_1.weight": [d],
      "ln_1.bias": [d],
      ...Object.fromEntries(
        ["q", "k", "v", "out"].map((part) => [`attn.attention.${part}_proj.weight`, [d, d]]),
      ),
      "attn.attention.out_proj.bias": [d],
      "ln_2.weight": [d],
      "ln_2.bias": [d],
      "mlp.c_fc.weight": [4 * d, d],
      "mlp.c_fc.bias": [4 * d],
      "mlp.c_proj.weight": [d, 4 * d],
      "mlp.c_proj.bias": [d],
    };
    for (const [name, shape] of Object.entries(layer)) list.push([`h.${l}.${name}`, shape]);
  }
  return list.map(([name, shape]) => [`transformer.${name}`, { dtype: "BF16", shape }]);
}

// Normal numbers of standard deviation 0.02 (initializer_range) as bf16, drawn from a table: sums of twelve uniform ones.
let state = 1;
const uniform = () => {
  state = (Math.imul(state, 1664525) + 1013904223) | 0;
  return (state >>> 0) / 2 ** 32;
};
const bits = new Uint32Array(
  Float32Array.from({ length: 2 ** 16 }, () => {
    let sum = -6;
    for (let k = 0; k < 12; k++) sum += uniform();
    return 0.02 * sum;
  }).buffer,
);
const table = Uint16Array.from(bits, (value) => value >>> 16);
const ONE = 0x3f80;

function* piecesOf(name, size) {
  const centre = /ln_.*weight$/.test(name) ? ONE : 0;
  for (let at = 0; at < size; at += PIECE) {
    const piece = new Uint16Array(Math.min(PIECE, size - at));
    for (let i = 0; i < piece.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      piece[i] = centre || table[state >>> 16];
    }
    yield new Uint8Array(piece.buffer);
  }
}

const sizeOf = ({ shape }) => shape.reduce((a, b) => a * b, 1);
const shards = [];
let room = 0;
for (const entry of shapes()) {
  const bytes = 2 * sizeOf(entry[1]);
  if (shards.length === 0 || bytes > room) {
    shards.push([]);
    room = shardBytes;
  }
  shards.at(-1).push(entry);
  room -= bytes;
}

await mkdir(folder, { recursive: true });
const map = {};
let total = 0;
for (const [index, shard] of shards.entries()) {
  const number = (count) => String(count).padStart(5, "0");
  const file = `model-${number(index + 1)}-of-${number(shards.length)}.safetensors`;
  const tensors = Object.fromEntries(shard);
  const out = await open(join(folder, file), "w");
  try {
    for await (const piece of streamSafetensors(tensors, (name) => piecesOf(name, sizeOf(tensors[name])))) {
      await out.writeFile(piece);
      total += piece.length;
    }
  } finally {
    await out.close();
  }
  for (const name of Object.keys(tensors)) map[name] = file;
}
await writeFile(
  join(folder, "model.safetensors.index.json"),
  JSON.stringify({ metadata: { total_size: total }, weight_map: map }),
);
await writeFile(join(folder, "config.json"), JSON.stringify(config, null, 2));
console.log(`${folder}: ${total} bytes in ${shards.length} shards`);
