/**
 * The arithmetic peak of 128-bit SIMD in WASM on this core: seven chains of f32x4.mul and seven of f32x4.add on registers, nothing
 * else, which is as much as 15 registers hold. GFLOP/s of the best of many short runs: what products are measured against.
 */
const LANES = 4;
const CHAINS = 7;
const UNROLLED = 4;

const GET = 0x20;
const SET = 0x21;
const ADD = [0xfd, 0xe4, 0x01];
const MUL = [0xfd, 0xe6, 0x01];
const size = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...size(value >> 7)];
const sized = (bytes: number[]): number[] => [...size(bytes.length), ...bytes];
const section = (id: number, bytes: number[]): number[] => [id, ...sized(bytes)];

/** (func (export "f") (param $n i32) (param $x f32) (result f32) …): n rounds of UNROLLED × CHAINS products and sums. */
function moduleBytes(): Uint8Array<ArrayBuffer> {
  const [n, x, factor, first] = [0, 1, 2, 3];
  const chains = Array.from({ length: 2 * CHAINS }, (_, i) => first + i);
  const turn = chains.flatMap((local, i) => [GET, local, GET, factor, ...(i % 2 ? MUL : ADD), SET, local]);
  const splat = [GET, x, 0xfd, 0x13];
  const code = [
    ...[1, ...size(1 + 2 * CHAINS), 0x7b], // locals: v128
    ...[...splat, SET, factor],
    ...chains.flatMap((local) => [GET, factor, SET, local]),
    ...[0x03, 0x40], // loop
    ...Array.from({ length: UNROLLED }, () => turn).flat(),
    ...[GET, n, 0x41, 1, 0x6b, 0x22, n, 0x0d, 0, 0x0b], // n ← n − 1; again unless 0
    ...[GET, factor, ...chains.flatMap((local) => [GET, local, ...ADD])],
    ...[0xfd, 0x1f, 0, 0x0b], // lane 0
  ];
  return Uint8Array.from([
    ...[0, 97, 115, 109, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 2, 0x7f, 0x7d, 1, 0x7d]),
    ...section(3, [1, 0]),
    ...section(7, [1, 1, 102, 0, 0]),
    ...section(10, [1, ...sized(code)]),
  ]);
}

/** GFLOP/s. */
export function simdPeak(): number {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes()));
  const run = exports.f as (n: number, x: number) => number;
  const rounds = 100_000;
  let best = 0;
  for (let i = 0; i < 200; i++) {
    const start = performance.now();
    run(rounds, 1);
    best = Math.max(best, (rounds * UNROLLED * 2 * CHAINS * LANES) / (performance.now() - start) / 1e6);
  }
  return best;
}
