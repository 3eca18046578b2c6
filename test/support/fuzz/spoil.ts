/** Ways to spoil what is good: bytes changed and cut off, values of JSON replaced, left out and given twice. */
import type { RandomStream } from "../../../src/random.ts";

export type Json = Record<string, unknown>;

export const pick = <T>({ integer }: RandomStream, items: readonly T[]): T => items[integer(items.length)];
export const chance = ({ uniform }: RandomStream, p: number): boolean => uniform() < p;

/** Sizes nobody has: around the limits of 32 bits, of doubles and of 64 bits. */
export const ABSURD = [
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 40,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 63,
  2 ** 64 - 1,
  1e300,
] as const;

const TEXTS = ["", "x", "0", "constructor", "__proto__", "\u0000", "é\ud800", "[UNK]", "(", "(a+)+$"];

/** Any value where another was meant. */
export function anyValue(random: RandomStream, depth = 2): unknown {
  const kind = random.integer(depth > 0 ? 11 : 9);
  if (kind === 0) return null;
  if (kind === 1) return chance(random, 0.5);
  if (kind === 2) return pick(random, ABSURD);
  if (kind === 3) return -pick(random, [...ABSURD, 1, 0.5, 0]);
  if (kind === 4) return random.integer(20);
  if (kind === 5) return random.uniform() * 10;
  if (kind <= 7) return pick(random, TEXTS);
  if (kind === 8) return pick(random, [[], {}]);
  const items = Array.from({ length: random.integer(4) }, () => anyValue(random, depth - 1));
  if (kind === 9) return items;
  return Object.fromEntries(items.map((item) => [pick(random, TEXTS), item]));
}

/** Every place in a value, but only the first 12 of the entries of each part. */
function placesOf(value: unknown, path: string[] = []): string[][] {
  if (value === null || typeof value !== "object") return [path];
  const keys = Object.keys(value).slice(0, 12);
  return [path, ...keys.flatMap((key) => placesOf((value as Json)[key], [...path, key]))];
}

/** A copy with the value at a random place, but not the whole, replaced, or left out. */
export function spoilJson(random: RandomStream, json: Json, keys: readonly string[] = []): Json {
  const places = [...placesOf(json).slice(1), ...keys.map((key) => [key])];
  const by = chance(random, 0.15) ? undefined : anyValue(random);
  return replaced(json, pick(random, places), by) as Json;
}

function replaced(value: unknown, [key, ...rest]: string[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as Json) }) as Json;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}

/** A few bytes replaced, numbers of 8 bytes made absurd, the end cut off or something added: each now and then. */
export function spoilBytes(random: RandomStream, good: Uint8Array): Uint8Array<ArrayBuffer> {
  let bytes = new Uint8Array(good);
  if (bytes.length === 0) return bytes;
  if (chance(random, 0.6)) {
    for (let i = random.integer(4); i >= 0; i--) bytes[random.integer(bytes.length)] = random.integer(256);
  }
  if (chance(random, 0.3) && bytes.length >= 8) {
    const value = BigInt(pick(random, ABSURD.slice(0, -1)));
    new DataView(bytes.buffer).setBigUint64(
      random.integer(bytes.length - 7),
      BigInt.asUintN(64, value),
      true,
    );
  }
  if (chance(random, 0.2)) bytes = bytes.slice(0, random.integer(bytes.length));
  if (chance(random, 0.1)) {
    const longer = new Uint8Array(bytes.length + 1 + random.integer(40));
    longer.set(bytes);
    bytes = longer;
  }
  return bytes;
}

export const utf8 = (text: string) => new TextEncoder().encode(text);
export const jsonBytes = (value: unknown) => utf8(JSON.stringify(value));

/** The text of an object whose entry at a random place stands twice. */
export function twice(random: RandomStream, entries: readonly (readonly [string, unknown])[]): string {
  const again = pick(random, entries);
  const all = [...entries, again].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return `{${all.join(",")}}`;
}

export const totalBytes = (files: Record<string, Uint8Array>) =>
  Object.values(files).reduce((sum, { length }) => sum + length, 0);
