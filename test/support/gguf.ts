/** Small GGUF files, written here by the format's description and not by anything in src/. */
export type GgufValue = number | string | boolean | string[] | number[];

const u32 = (value: number) => [...new Uint8Array(new Uint32Array([value]).buffer)];
const u64 = (value: number | bigint) => [...new Uint8Array(new BigUint64Array([BigInt(value)]).buffer)];
const f32 = (value: number) => [...new Uint8Array(new Float32Array([value]).buffer)];
const text = (value: string) => {
  const bytes = [...new TextEncoder().encode(value)];
  return [...u64(bytes.length), ...bytes];
};

function typed(value: GgufValue): number[] {
  if (typeof value === "string") return [...u32(8), ...text(value)];
  if (typeof value === "boolean") return [...u32(7), Number(value)];
  if (typeof value === "number")
    return Number.isInteger(value) ? [...u32(4), ...u32(value)] : [...u32(6), ...f32(value)];
  const items = value.map((item) => (typeof item === "string" ? text(item) : u32(item)));
  return [...u32(9), ...u32(typeof value[0] === "string" ? 8 : 4), ...u64(value.length), ...items.flat()];
}

export interface GgufPart {
  name: string;
  /** Slowest first. */
  shape: number[];
  type: number;
  bytes: Uint8Array;
  offset?: number;
}

export function writeGguf(
  metadata: [string, GgufValue][],
  parts: GgufPart[],
  version = 3,
): Uint8Array<ArrayBuffer> {
  const head = [
    ...new TextEncoder().encode("GGUF"),
    ...u32(version),
    ...u64(parts.length),
    ...u64(metadata.length),
  ];
  for (const [key, value] of metadata) head.push(...text(key), ...typed(value));
  let at = 0;
  const data: number[] = [];
  for (const { name, shape, type, bytes, offset = at } of parts) {
    head.push(
      ...text(name),
      ...u32(shape.length),
      ...[...shape].reverse().flatMap(u64),
      ...u32(type),
      ...u64(offset),
    );
    at += Math.ceil(bytes.length / 32) * 32;
    data.push(...bytes, ...Array(at - data.length - bytes.length).fill(0));
  }
  while (head.length % 32) head.push(0);
  return new Uint8Array([...head, ...data]);
}

export const floatsPart = (name: string, shape: number[], values: number[]): GgufPart => ({
  name,
  shape,
  type: 0,
  bytes: new Uint8Array(new Float32Array(values).buffer),
});

/** One layer, 4 wide, 2 heads of 2, with the entries a llama needs. */
export function tinyLlama(): { metadata: [string, GgufValue][]; parts: GgufPart[] } {
  const count = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i);
  const square = (name: string, from: number) => floatsPart(name, [8, 8], count(64, from));
  return {
    metadata: [
      ["general.architecture", "llama"],
      ["llama.block_count", 1],
      ["llama.context_length", 16],
      ["llama.embedding_length", 8],
      ["llama.feed_forward_length", 8],
      ["llama.attention.head_count", 2],
      ["llama.rope.freq_base", 1000],
      ["llama.attention.layer_norm_rms_epsilon", 1e-5],
    ],
    parts: [
      floatsPart("token_embd.weight", [4, 8], count(32)),
      square("blk.0.attn_q.weight", 100),
      square("blk.0.attn_v.weight", 200),
      floatsPart("output_norm.weight", [8], count(8)),
    ],
  };
}
