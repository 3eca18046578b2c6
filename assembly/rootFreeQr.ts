// Eigenvalues alone of a symmetric tridiagonal matrix: QR with Wilkinson's shift on the squares of the off-diagonal, which needs no
// square root and two divisions a step (Pal, Walker & Kahan; Parlett, The Symmetric Eigenvalue Problem, §8.14–15). 2.5 times as fast
// as rotations. Cost about 1.7 n²/2 steps.

const EPSILON_SQUARE: f64 = 4.930380657631324e-32;
const NEGLIGIBLE_SQUARE: f64 = 1.4996968138956309e-241; // 2^-800

/** (d, e) (n) → d: eigenvalues, unordered; e is destroyed. Entries about 1 or less. Returns 1, or 0 where 60 n sweeps were not enough. */
export function rootFreeQr(d: usize, e: usize, n: i32): i32 {
  for (let i = 0; i < n - 1; i++) {
    const at = e + ((<usize>i) << 3);
    store<f64>(at, load<f64>(at) * load<f64>(at));
  }
  let hi = n - 1;
  let sweeps = 0;
  while (hi > 0) {
    let lo = hi;
    while (lo > 0 && !negligible(d, e, lo - 1)) lo--;
    if (lo > 0) store<f64>(e + ((<usize>(lo - 1)) << 3), 0);
    if (lo == hi) {
      hi--;
      continue;
    }
    if (++sweeps > 60 * n) return 0;
    sweep(d, e, lo, hi);
  }
  return 1;
}

/** One QR step on rows lo … hi, from the top: γ is the diagonal entry in the making, p = γ²/c, (c, s) the squares of cosine and sine. */
function sweep(d: usize, e: usize, lo: i32, hi: i32): void {
  const end = d + ((<usize>hi) << 3);
  const last = load<f64>(end);
  const side = Math.sqrt(load<f64>(e + ((<usize>(hi - 1)) << 3)));
  const half = (load<f64>(end - 8) - last) / (2 * side);
  const root = Math.sqrt(1 + half * half);
  const shift = last - side / (half + (half < 0 ? -root : root));

  let gamma = load<f64>(d + ((<usize>lo) << 3)) - shift;
  let p = gamma * gamma;
  let c: f64 = 1;
  let s: f64 = 0;
  for (let i = lo; i < hi; i++) {
    const di = d + ((<usize>i) << 3);
    const ei = e + ((<usize>i) << 3);
    const square = load<f64>(ei);
    const r = p + square;
    if (i > lo) store<f64>(ei - 8, s * r);
    const before = c;
    c = p / r;
    s = square / r;
    const next = load<f64>(di, 8);
    const kept = gamma;
    gamma = c * (next - shift) - s * kept;
    store<f64>(di, kept + (next - gamma));
    p = c != 0 ? (gamma * gamma) / c : before * square;
  }
  store<f64>(e + ((<usize>(hi - 1)) << 3), s * p);
  store<f64>(end, shift + gamma);
}


@inline
function negligible(d: usize, e: usize, i: i32): bool {
  const at = (<usize>i) << 3;
  const square = load<f64>(e + at);
  const beside = Math.abs(load<f64>(d + at)) + Math.abs(load<f64>(d + at, 8));
  return (
    square <= EPSILON_SQUARE * beside * beside || square <= NEGLIGIBLE_SQUARE
  );
}
