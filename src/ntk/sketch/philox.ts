/**
 * Philox-2×32-10: a generator by counter, not by state (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011). 64 bits of (counter, key) alone, so that any panel of a sign matrix can be made without those before it.
 */
const MULTIPLIER = 0xd256d193;
const WEYL = 0x9e3779b9;
const ROUNDS = 10;

/** The two words (as int32) of counter (c0, c1) under `key`, into `out`. */
export function philox(c0: number, c1: number, key: number, out: Int32Array): void {
  let [left, right, k] = [c0 | 0, c1 | 0, key | 0];
  for (let round = 0; round < ROUNDS; round++) {
    const high = highWord(left >>> 0);
    const low = Math.imul(MULTIPLIER, left);
    left = high ^ k ^ right;
    right = low;
    k = (k + WEYL) | 0;
  }
  out[0] = left;
  out[1] = right;
}

/** Upper 32 bits of MULTIPLIER·x, from products of halves, none of which passes 2⁵³. */
function highWord(x: number): number {
  const [a1, a0, b1, b0] = [MULTIPLIER >>> 16, MULTIPLIER & 0xffff, x >>> 16, x & 0xffff];
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const carry = a0 * b1 + (middle & 0xffff);
  return (a1 * b1 + Math.floor(middle / 65536) + Math.floor(carry / 65536)) | 0;
}
