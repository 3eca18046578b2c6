/**
 * How much memory code asks for, counted where it asks: constructors of buffers and typed arrays, `new Array(n)`, Array.from and
 * repeat stand behind counters while `body` runs. Exact and the same every time, unlike what the garbage collector leaves.
 */
const BUFFERS = [
  "ArrayBuffer",
  "SharedArrayBuffer",
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
] as const;
/** An entry of an Array. */
const SLOT = 8;

type Constructor = { new (...given: unknown[]): object; BYTES_PER_ELEMENT?: number };
type Global = Record<string, Constructor>;

/** Asking for more than this throws before it is had: the machine outlives a case that fails. */
const REFUSED = 2 ** 28;

export async function allocatedBytes(body: () => Promise<void>): Promise<number> {
  let total = 0;
  const count = (bytes: number) => {
    if (!Number.isFinite(bytes)) return;
    if (bytes > REFUSED) throw new Error(`asked for ${bytes} bytes at once`);
    total += bytes;
  };
  const restore: (() => void)[] = [];
  const replace = (owner: object, key: string, value: unknown) => {
    const before = Object.getOwnPropertyDescriptor(owner, key)!;
    Object.defineProperty(owner, key, { ...before, value });
    restore.push(() => Object.defineProperty(owner, key, before));
  };
  for (const name of BUFFERS) {
    const Original = (globalThis as unknown as Global)[name];
    const counted: Constructor = new Proxy(Original, {
      construct(target, given, as) {
        const [first] = given;
        if (typeof first === "number") count(first * (target.BYTES_PER_ELEMENT ?? 1));
        else if (!(first instanceof ArrayBuffer || first instanceof SharedArrayBuffer))
          count(lengthOf(first) * (target.BYTES_PER_ELEMENT ?? 1));
        return Reflect.construct(target, given, as === counted ? target : as);
      },
    });
    replace(globalThis, name, counted);
  }
  const from = Array.from as (...given: unknown[]) => unknown[];
  replace(Array, "from", function (this: unknown, ...given: unknown[]) {
    count(lengthOf(given[0]) * SLOT);
    return from.apply(this, given);
  });
  const repeat = String.prototype.repeat;
  replace(String.prototype, "repeat", function (this: string, times: number) {
    count(this.length * times);
    return repeat.call(this, times);
  });
  try {
    await body();
  } finally {
    for (const undo of restore.reverse()) undo();
  }
  return total;
}

const lengthOf = (value: unknown): number =>
  typeof value === "object" && value !== null && "length" in value ? Number(value.length) : 0;
