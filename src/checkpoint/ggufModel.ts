/**
 * What a GGUF file says of its network, in the words of config.json and with Hugging Face's names of the tensors. llama.cpp lays the
 * rows of q and k of the `llama` architecture out for rotary pairs side by side: row h·e + 2j + s of the file is row h·e + s·e/2 + j of
 * the checkpoint (head h of width e, s ∈ {0, 1}); `rowsOf` puts them back, whole rows of the stored bytes, so it costs O(bytes).
 */
import { complaint, DataError } from "../errors.ts";
import type { GgufHeader, GgufTensor, GgufValue } from "./gguf.ts";

const OUTSIDE: Record<string, string> = {
  "token_embd.weight": "model.embed_tokens.weight",
  "output_norm.weight": "model.norm.weight",
  "output.weight": "lm_head.weight",
};
const INSIDE: Record<string, string> = {
  attn_norm: "input_layernorm",
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_output: "self_attn.o_proj",
  ffn_norm: "post_attention_layernorm",
  ffn_gate: "mlp.gate_proj",
  ffn_up: "mlp.up_proj",
  ffn_down: "mlp.down_proj",
};
const ARCHITECTURES: Record<string, string> = { llama: "LlamaForCausalLM", qwen2: "Qwen2ForCausalLM" };

/** Metadata values of the right kind, or a DataError that names the key. */
export interface Metadata {
  number(key: string, fallback?: number): number;
  text(key: string, fallback?: string): string;
  flag(key: string, fallback: boolean): boolean;
  list(key: string): GgufValue[];
  has(key: string): boolean;
}

export function metadataOf(name: string, metadata: Map<string, GgufValue>): Metadata {
  const get = (key: string, expected: string, fits: (value: unknown) => boolean, fallback?: GgufValue) => {
    const value = metadata.get(key) ?? fallback;
    if (fits(value)) return value;
    const got = Array.isArray(value) ? "a list" : (JSON.stringify(value) ?? "nothing").slice(0, 80);
    throw new DataError(complaint(`${name}: metadata ${key}`, expected, got));
  };
  return {
    number: (key, fallback) => get(key, "a number", Number.isFinite, fallback) as number,
    text: (key, fallback) => get(key, "a text", (value) => typeof value === "string", fallback) as string,
    flag: (key, fallback) =>
      get(key, "true or false", (value) => typeof value === "boolean", fallback) as boolean,
    list: (key) => get(key, "a list", Array.isArray) as GgufValue[],
    has: (key) => metadata.has(key),
  };
}

/** DataError for an architecture, a rotary scaling or a tensor that is not known, naming it. */
export function ggufConfig(name: string, { metadata, tensors }: GgufHeader): Record<string, unknown> {
  const meta = metadataOf(name, metadata);
  const kind = meta.text("general.architecture");
  if (!Object.hasOwn(ARCHITECTURES, kind)) {
    const known = Object.keys(ARCHITECTURES).join(" or ");
    throw new DataError(complaint(`${name}: metadata general.architecture`, known, JSON.stringify(kind)));
  }
  const number = (key: string, fallback?: number) => meta.number(`${kind}.${key}`, fallback);
  const heads = number("attention.head_count");
  const hidden = number("embedding_length");
  const headSize = number("attention.key_length", hidden / heads);
  const embedding = tensors.get("token_embd.weight");
  if (!embedding) throw new DataError(complaint(name, "a tensor token_embd.weight", "none"));
  const rotated = number("rope.dimension_count", headSize);
  const refused = [
    rotated !== headSize && `rotary embedding of ${rotated} of ${headSize} sides of a head`,
    tensors.has("rope_freqs.weight") && "rotary frequencies scaled by rope_freqs.weight",
    metadata.has(`${kind}.attention.sliding_window`) && "a sliding window",
    metadata.has(`${kind}.expert_count`) && number("expert_count") > 0 && "experts",
  ].find((reason) => reason);
  if (refused) {
    throw new DataError(
      complaint(name, `a plain ${kind}`, refused, "the model's folder in Hugging Face layout"),
    );
  }
  return {
    model_type: kind,
    architectures: [ARCHITECTURES[kind]],
    hidden_size: hidden,
    num_hidden_layers: number("block_count"),
    num_attention_heads: heads,
    num_key_value_heads: number("attention.head_count_kv", heads),
    head_dim: headSize,
    intermediate_size: number("feed_forward_length"),
    max_position_embeddings: number("context_length"),
    vocab_size: embedding.shape[0],
    hidden_act: "silu",
    // Stored as f32: the shortest decimal that rounds to it is the one that was meant.
    rms_norm_eps: Number(number("attention.layer_norm_rms_epsilon").toPrecision(7)),
    rope_theta: number("rope.freq_base", 10000),
    ...ropeScaling(name, kind, meta),
    attention_bias: tensors.has("blk.0.attn_q.bias"),
    tie_word_embeddings: !tensors.has("output.weight"),
  };
}

function ropeScaling(name: string, kind: string, meta: Metadata): Record<string, unknown> {
  const type = meta.text(`${kind}.rope.scaling.type`, "none");
  if (type === "none") return {};
  if (type !== "linear") {
    throw new DataError(complaint(`${name}: metadata ${kind}.rope.scaling.type`, "none or linear", type));
  }
  return { rope_scaling: { rope_type: "linear", factor: meta.number(`${kind}.rope.scaling.factor`) } };
}

/** "blk.3.attn_q.weight" → "model.layers.3.self_attn.q_proj.weight". */
export function hubName(name: string, tensor: string): string {
  const [, layer, part, kind] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(tensor) ?? [];
  if (part !== undefined && Object.hasOwn(INSIDE, part))
    return `model.layers.${layer}.${INSIDE[part]}.${kind}`;
  if (Object.hasOwn(OUTSIDE, tensor)) return OUTSIDE[tensor];
  throw new DataError(
    complaint(name, "only tensors of the llama family", JSON.stringify(tensor.slice(0, 80))),
  );
}

/** How the rows of a tensor lie: in heads of 2·half, pairs side by side. */
export interface RowOrder {
  rows: number;
  half: number;
}

/** How the rows of a tensor lie in the file; undefined where they are in order. */
export function rowsOf(
  name: string,
  tensor: string,
  { shape }: GgufTensor,
  config: Record<string, unknown>,
): RowOrder | undefined {
  const part = /^blk\.\d+\.attn_([qk])\.(?:weight|bias)$/.exec(tensor)?.[1];
  if (config["model_type"] !== "llama" || part === undefined) return undefined;
  const heads = config[part === "q" ? "num_attention_heads" : "num_key_value_heads"] as number;
  const half = shape[0] / heads / 2;
  if (!Number.isInteger(half)) {
    throw new DataError(
      complaint(
        `${name}: tensor ${tensor}`,
        `rows for ${heads} heads of even width`,
        `[${shape.join(", ")}]`,
      ),
    );
  }
  return { rows: shape[0], half };
}

/** The rows as the checkpoint has them. */
export function orderRows(bytes: Uint8Array, { rows, half }: RowOrder): Uint8Array<ArrayBuffer> {
  const ordered = new Uint8Array(bytes.length);
  if (bytes.length === 0) return ordered; // a side of 0: the other may claim any number of rows
  const row = bytes.length / rows;
  for (let i = 0; i < rows; i++) {
    const inHead = i % (2 * half);
    const from = i - inHead + 2 * (inHead % half) + Math.floor(inHead / half);
    ordered.set(bytes.subarray(from * row, (from + 1) * row), i * row);
  }
  return ordered;
}
