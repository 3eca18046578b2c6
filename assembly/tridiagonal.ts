// Symmetric → tridiagonal: the algorithm of src/numerics/reference/tridiagonal.ts, each entry of the lower triangle moved as rarely as
// it can be. Cost (4/3) n³ flops.
//
// While the triangle is larger than the cache, in panels of rows (Dongarra, Hammarling & Sorensen, J. Comput. Appl. Math. 27, 1989):
// the updates A ← A − u wᵀ − w uᵀ of a panel wait until its end, where they are one product of rank 2 PANEL; until then a row is brought up
// to date when its turn comes and y = A v is corrected by what waits. So the triangle is read once a reflector, for half of all flops,
// and written once a panel.
// Once it fits, one pass a reflector: the rank-2 update waits until the next reflector v is known (that needs one row only); then the same
// pass applies it and multiplies, for 8 flops an entry.
import { panelAdd64, panelDot64 } from "./panel64";
import { product, productWorkspace } from "./product";
import { dot64, scale64 } from "./rows64";
import { symvLower64 } from "./symv64";

/** As in the reference: squares below this, relative to ‖A‖ ≈ 1, count as zero. */
const NEGLIGIBLE_SQUARE: f64 = 1.4996968138956309e-241; // 2^-800
/** Reflectors a panel. */
const PANEL: i32 = 32;
/** Up to this size one pass a reflector is faster. */
const ONE_PASS: i32 = 384;

/** Bytes of `work` that tridiagonalize needs. */
export function tridiagonalizeWorkspace(n: i32): i32 {
  return (3 * PANEL + 3) * rowBytes(n) + productWorkspace();
}

/** Rows of the panel, apart by a whole number of cache lines. */
@inline
function rowBytes(n: i32): i32 {
  return ((n << 3) + 63) & ~63;
}

/**
 * Lower triangle of a (n×n, rows `aStride` numbers apart) → diagonal (n), off (n; off[i] between i and i + 1, the last 0); row i of a
 * keeps its reflector u_0 … u_{i−2}, u_{i−1} = 1, tau (n) its factor.
 */
export function tridiagonalize(
  a: usize,
  n: i32,
  aStride: i32,
  diagonal: usize,
  off: usize,
  tau: usize,
  work: usize,
): void {
  if (n == 0) return;
  const stride = (<usize>aStride) << 3;
  const length = <usize>rowBytes(n);
  store<f64>(off + ((<usize>(n - 1)) << 3), 0);
  store<f64>(tau, 0);
  let size = n;
  for (; size > ONE_PASS; size -= PANEL)
    reducePanel(a, size, stride, diagonal, off, tau, work, length);
  onePass(a, size, stride, diagonal, off, tau, work, length);
}

/**
 * Row i, up to date, → its reflector in place; diagonal[i], off[i − 1], tau[i]. Returns τ.
 */
function reflect(
  row: usize,
  i: i32,
  diagonal: usize,
  off: usize,
  tau: usize,
): f64 {
  const last = (<usize>(i - 1)) << 3;
  store<f64>(diagonal + last + 8, load<f64>(row + last + 8));
  const alpha = load<f64>(row + last);
  const tail = dot64(row, row, i - 1);
  let factor: f64 = 0;
  let beta = alpha;
  if (tail > NEGLIGIBLE_SQUARE) {
    beta =
      alpha > 0
        ? -Math.sqrt(alpha * alpha + tail)
        : Math.sqrt(alpha * alpha + tail);
    factor = (beta - alpha) / beta;
    scale64(1.0 / (alpha - beta), row, i - 1);
  } else {
    memory.fill(row, 0, last);
  }
  store<f64>(row + last, 1.0);
  store<f64>(off + last, beta);
  store<f64>(tau + last + 8, factor);
  return factor;
}

/** w ← p − ½ τ (vᵀp) v with p = τ y, y = A v. With τ = 0, w = 0. */
function partner(factor: f64, v: usize, y: usize, i: i32, w: usize): void {
  const inner = 0.5 * factor * factor * dot64(v, y, i);
  for (let at: usize = 0; at < (<usize>i) << 3; at += 8)
    store<f64>(w + at, factor * load<f64>(y + at) - inner * load<f64>(v + at));
}

/** The last PANEL rows of the leading size×size; then its leading part is up to date. */
function reducePanel(
  a: usize,
  size: i32,
  stride: usize,
  diagonal: usize,
  off: usize,
  tau: usize,
  work: usize,
  length: usize,
): void {
  // [U; W; U]: the update is UᵀW + WᵀU = [U; W]ᵀ [W; U].
  const us = work;
  const ws = us + <usize>PANEL * length;
  const again = ws + <usize>PANEL * length;
  const y = again + <usize>PANEL * length;
  const withU = y + length;
  const withW = withU + length;
  for (let s = 0; s < PANEL; s++) {
    const i = size - 1 - s;
    const row = a + <usize>i * stride;
    for (let t = 0; t < s; t++) {
      const at = <usize>t * length + ((<usize>i) << 3);
      store<f64>(withU + ((<usize>t) << 3), -load<f64>(ws + at));
      store<f64>(withW + ((<usize>t) << 3), -load<f64>(us + at));
    }
    panelAdd64(us, length, s, i + 1, withU, row);
    panelAdd64(ws, length, s, i + 1, withW, row);
    const factor = reflect(row, i, diagonal, off, tau);

    symvLower64(a, stride, i, row, y);
    panelDot64(ws, length, s, i, row, withU);
    panelDot64(us, length, s, i, row, withW);
    scale64(-1, withU, s);
    scale64(-1, withW, s);
    panelAdd64(us, length, s, i, withU, y);
    panelAdd64(ws, length, s, i, withW, y);
    partner(factor, row, y, i, ws + <usize>s * length);
    memory.copy(us + <usize>s * length, row, (<usize>i) << 3);
    memory.copy(again + <usize>s * length, row, (<usize>i) << 3);
  }
  const rest = size - PANEL;
  const panelStride = <i32>(length >> 3);
  product<f64, f64>(
    rest,
    rest,
    2 * PANEL,
    -1,
    us,
    panelStride,
    true,
    ws,
    panelStride,
    false,
    1,
    a,
    <i32>(stride >> 3),
    0,
    true,
    work + <usize>(3 * PANEL + 3) * length,
  );
}

function onePass(
  a: usize,
  n: i32,
  stride: usize,
  diagonal: usize,
  off: usize,
  tau: usize,
  work: usize,
  length: usize,
): void {
  let u = work; // the reflector whose update is pending, and its w
  const w = work + length;
  const y = w + length;
  memory.fill(work, 0, 3 * length);
  for (let i = n - 1; i > 0; i--) {
    const row = a + <usize>i * stride;
    // The pending update, on this row only: with it the next reflector is known.
    const ui = load<f64>(u + ((<usize>i) << 3));
    const wi = load<f64>(w + ((<usize>i) << 3));
    for (let j = 0; j <= i; j++) {
      const at = (<usize>j) << 3;
      store<f64>(
        row + at,
        load<f64>(row + at) - ui * load<f64>(w + at) - wi * load<f64>(u + at),
      );
    }
    const factor = reflect(row, i, diagonal, off, tau);

    memory.fill(y, 0, (<usize>i) << 3);
    let r = 0;
    for (; r + 2 <= i; r += 2)
      updateTwoRows(a + <usize>r * stride, stride, r, u, w, row, y);
    if (r < i) updateRow(a + <usize>r * stride, r, u, w, row, y);
    partner(factor, row, y, i, w);
    // The reflector stays where it is, in row i, and is the pending u of the next step.
    u = row;
  }
  const u0 = load<f64>(u);
  store<f64>(diagonal, load<f64>(a) - 2 * u0 * load<f64>(w));
}

/** Row r: apply the pending update to its r + 1 entries, add its share (and its mirror's) to y = A v. */
@inline
function updateRow(
  row: usize,
  r: i32,
  u: usize,
  w: usize,
  v: usize,
  y: usize,
): void {
  const ur = load<f64>(u + ((<usize>r) << 3));
  const wr = load<f64>(w + ((<usize>r) << 3));
  const vr = load<f64>(v + ((<usize>r) << 3));
  let sum: f64 = 0;
  let at: usize = 0;
  for (let j = 0; j < r; j++) {
    const value =
      load<f64>(row + at) - ur * load<f64>(w + at) - wr * load<f64>(u + at);
    store<f64>(row + at, value);
    sum += value * load<f64>(v + at);
    store<f64>(y + at, load<f64>(y + at) + vr * value);
    at += 8;
  }
  const value = load<f64>(row + at) - 2 * ur * wr;
  store<f64>(row + at, value);
  store<f64>(y + at, load<f64>(y + at) + sum + value * vr);
}

/** Rows r and r + 1 together: u, w, v and y are then read once for both. */
@inline
function updateTwoRows(
  row: usize,
  stride: usize,
  r: i32,
  u: usize,
  w: usize,
  v: usize,
  y: usize,
): void {
  const place = (<usize>r) << 3;
  const next = row + stride;
  const u0 = load<f64>(u + place);
  const u1 = load<f64>(u + place, 8);
  const w0 = load<f64>(w + place);
  const w1 = load<f64>(w + place, 8);
  const v0 = load<f64>(v + place);
  const v1 = load<f64>(v + place, 8);
  let sum0: f64 = 0;
  let sum1: f64 = 0;
  let at: usize = 0;
  if (ASC_FEATURE_SIMD) {
    const uu0 = f64x2.splat(u0);
    const uu1 = f64x2.splat(u1);
    const ww0 = f64x2.splat(w0);
    const ww1 = f64x2.splat(w1);
    const vv0 = f64x2.splat(v0);
    const vv1 = f64x2.splat(v1);
    let s0 = f64x2.splat(0);
    let s1 = f64x2.splat(0);
    for (; at < place; at += 16) {
      const uj = v128.load(u + at);
      const wj = v128.load(w + at);
      const vj = v128.load(v + at);
      const a0 = f64x2.sub(
        f64x2.sub(v128.load(row + at), f64x2.mul(uu0, wj)),
        f64x2.mul(ww0, uj),
      );
      const a1 = f64x2.sub(
        f64x2.sub(v128.load(next + at), f64x2.mul(uu1, wj)),
        f64x2.mul(ww1, uj),
      );
      v128.store(row + at, a0);
      v128.store(next + at, a1);
      s0 = f64x2.add(s0, f64x2.mul(a0, vj));
      s1 = f64x2.add(s1, f64x2.mul(a1, vj));
      v128.store(
        y + at,
        f64x2.add(
          v128.load(y + at),
          f64x2.add(f64x2.mul(vv0, a0), f64x2.mul(vv1, a1)),
        ),
      );
    }
    sum0 = f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1);
    sum1 = f64x2.extract_lane(s1, 0) + f64x2.extract_lane(s1, 1);
  } else {
    for (; at < place; at += 8) {
      const uj = load<f64>(u + at);
      const wj = load<f64>(w + at);
      const vj = load<f64>(v + at);
      const a0 = load<f64>(row + at) - u0 * wj - w0 * uj;
      const a1 = load<f64>(next + at) - u1 * wj - w1 * uj;
      store<f64>(row + at, a0);
      store<f64>(next + at, a1);
      sum0 += a0 * vj;
      sum1 += a1 * vj;
      store<f64>(y + at, load<f64>(y + at) + (v0 * a0 + v1 * a1));
    }
  }
  // The 2×2 corner on the diagonal.
  const d0 = load<f64>(row + place) - 2 * u0 * w0;
  const b = load<f64>(next + place) - u1 * w0 - w1 * u0;
  const d1 = load<f64>(next + place, 8) - 2 * u1 * w1;
  store<f64>(row + place, d0);
  store<f64>(next + place, b);
  store<f64>(next + place, d1, 8);
  store<f64>(y + place, load<f64>(y + place) + sum0 + d0 * v0 + b * v1);
  store<f64>(y + place, load<f64>(y + place, 8) + sum1 + b * v0 + d1 * v1, 8);
}
