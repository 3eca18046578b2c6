/** Safetensors files whose headers lie, and shards with an index that does. */
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { RandomStream } from "../../../src/random.ts";
import type { Format } from "./format.ts";
import {
  ABSURD,
  anyValue,
  chance,
  jsonBytes,
  pick,
  spoilBytes,
  spoilJson,
  totalBytes,
  twice,
  utf8,
} from "./spoil.ts";

type Entry = [string, Record<string, unknown>];

const NAMES = [
  "a",
  "b.weight",
  "transformer.h.0.ln_1.weight",
  "__metadata__",
  "__proto__",
  "constructor",
  "",
  "é",
];
const BYTES = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, U8: 1, BOOL: 1, F8_E4M3: 1 };

/** Up to four tensors one after the other, as they should be. */
function goodEntries(
  random: RandomStream,
  names: readonly string[] = NAMES,
): { entries: Entry[]; length: number } {
  const entries: Entry[] = [];
  let length = 0;
  for (const name of random.shuffle(names).slice(0, random.integer(5))) {
    const dtype = pick(random, Object.keys(BYTES)) as keyof typeof BYTES;
    const shape = Array.from({ length: random.integer(4) }, () => random.integer(4));
    const bytes = shape.reduce((a, b) => a * b, 1) * BYTES[dtype];
    entries.push([name, { dtype, shape, data_offsets: [length, length + bytes] }]);
    length += bytes;
  }
  return { entries, length };
}

/** One lie about one tensor: absurd sides, a range moved onto another tensor, behind the end or backwards, any value anywhere. */
function lie(random: RandomStream, [name, entry]: Entry): Entry {
  const [begin, end] = entry["data_offsets"] as number[];
  const by = pick(random, [-8, -4, -1, 1, 4, 8, 2 ** 31, 2 ** 53]);
  const lies = [
    { data_offsets: [begin + by, end + by] },
    { data_offsets: [begin, end + by] },
    { data_offsets: [end, begin] },
    { shape: Array.from({ length: 1 + random.integer(4) }, () => pick(random, ABSURD)) },
    { shape: [0, pick(random, ABSURD)] },
    { dtype: pick(random, ["F4", "Q8_0", "toString", 3, null]) },
    { [pick(random, ["shape", "dtype", "data_offsets"])]: anyValue(random) },
  ];
  return [name, { ...entry, ...pick(random, lies) }];
}

/** Length, header, data: the length may lie too. */
function fileOf(random: RandomStream, header: string, dataLength: number): Uint8Array<ArrayBuffer> {
  const json = utf8(header);
  const file = new Uint8Array(8 + json.length + dataLength);
  const claimed = chance(random, 0.05)
    ? pick(random, [...ABSURD.slice(0, -1), 0, json.length - 1])
    : json.length;
  new DataView(file.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(claimed)), true);
  file.set(json, 8);
  return file;
}

function spoiledFile(random: RandomStream, names?: readonly string[]): Uint8Array<ArrayBuffer> {
  const { entries, length } = goodEntries(random, names);
  const told = entries.map((entry) => (chance(random, 0.3) ? lie(random, entry) : entry));
  if (chance(random, 0.1)) told.push(["__metadata__", anyValue(random) as Record<string, unknown>]);
  let header = JSON.stringify(Object.fromEntries(told));
  if (told.length > 0 && chance(random, 0.05)) header = twice(random, told);
  if (chance(random, 0.02))
    header = pick(random, ["[".repeat(3000), '{"a":'.repeat(3000), "", "null", "[]", '""', "{}  "]);
  const file = fileOf(
    random,
    header,
    Math.max(0, length + (chance(random, 0.1) ? pick(random, [-1, 1, -8]) : 0)),
  );
  return chance(random, 0.3) ? spoilBytes(random, file) : file;
}

const config = jsonBytes({ model_type: "gpt_neo" });

export const safetensors: Format = {
  name: "safetensors",
  make(random) {
    const files = { "config.json": config, "model.safetensors": spoiledFile(random) };
    return { bytes: totalBytes(files), read: () => openCheckpoint(files) };
  },
};

const SHARDS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
const INDEX = "model.safetensors.index.json";

function goodShard(name: string): Uint8Array<ArrayBuffer> {
  const json = utf8(JSON.stringify({ [name]: { dtype: "F32", shape: [2], data_offsets: [0, 8] } }));
  const file = new Uint8Array(8 + json.length + 8);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

/** Two shards; the index lies about what is where, or a shard is spoiled, truncated or missing. */
export const shards: Format = {
  name: "shards",
  make(random) {
    const map: [string, unknown][] = [
      ["a", SHARDS[0]],
      ["b", SHARDS[1]],
    ];
    const lies: (() => unknown)[] = [
      () => map.push([pick(random, ["a.b", "c", "__proto__", "constructor"]), pick(random, SHARDS)]),
      () => {
        map[random.integer(2)][1] = pick(random, [
          ...SHARDS,
          "../x.safetensors",
          "absent.safetensors",
          anyValue(random),
        ]);
      },
      () => map.splice(random.integer(2), 1),
      () => map.reverse(),
    ];
    while (chance(random, 0.4)) pick(random, lies)();
    let index = `{"weight_map":${map.length > 0 && chance(random, 0.1) ? twice(random, map) : JSON.stringify(Object.fromEntries(map))}}`;
    if (chance(random, 0.2)) index = JSON.stringify(spoilJson(random, JSON.parse(index)));
    const files: Record<string, Uint8Array> = {
      "config.json": config,
      [INDEX]: chance(random, 0.2) ? spoilBytes(random, utf8(index)) : utf8(index),
      [SHARDS[0]]: goodShard("a"),
      [SHARDS[1]]: goodShard("b"),
    };
    const shard = pick(random, SHARDS);
    if (chance(random, 0.3)) files[shard] = spoilBytes(random, files[shard]);
    else if (chance(random, 0.2)) files[shard] = spoiledFile(random, ["a", "b"]);
    else if (chance(random, 0.1)) delete files[shard];
    return { bytes: totalBytes(files), read: () => openCheckpoint(files) };
  },
};
