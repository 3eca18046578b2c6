// Eigenvalues of a symmetric tridiagonal matrix: implicit QR, the algorithm of src/numerics/reference/tridiagonal.ts.
import { rotate64 } from "./rows64";

const EPSILON: f64 = 2.220446049250313e-16;
const NEGLIGIBLE_SQUARE: f64 = 1.4996968138956309e-241; // 2^-800

/**
 * Eigenvalues of (d, e) into d (n), unordered; e (n) is destroyed; each rotation is applied to rows of z (n × width) as well.
 * Returns 1, or 0 where 60 n sweeps were not enough. Cost about 3 n² (10 + width).
 */
export function implicitQr(
  d: usize,
  e: usize,
  n: i32,
  z: usize,
  width: i32,
): i32 {
  const stride = (<usize>width) << 3;
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

    // Wilkinson's shift
    const end = d + ((<usize>hi) << 3);
    const last = load<f64>(end);
    const half = (load<f64>(end - 8) - last) * 0.5;
    const side = load<f64>(e + ((<usize>(hi - 1)) << 3));
    const root = length(half, side);
    const shift = last - (side / (half + (half < 0 ? -root : root))) * side;

    let x = load<f64>(d + ((<usize>lo) << 3)) - shift;
    let bulge = load<f64>(e + ((<usize>lo) << 3));
    for (let k = lo; k < hi; k++) {
      const dk = d + ((<usize>k) << 3);
      const ek = e + ((<usize>k) << 3);
      const r = length(x, bulge);
      const c = r == 0 ? 1.0 : x / r;
      const s = r == 0 ? 0.0 : bulge / r;
      if (k > lo) store<f64>(ek - 8, r);
      const off = load<f64>(ek);
      const q = (load<f64>(dk, 8) - load<f64>(dk)) * s + 2 * c * off;
      store<f64>(dk, load<f64>(dk) + s * q);
      store<f64>(dk, load<f64>(dk, 8) - s * q, 8);
      x = c * q - off;
      store<f64>(ek, x);
      if (k + 1 < hi) {
        bulge = s * load<f64>(ek, 8);
        store<f64>(ek, c * load<f64>(ek, 8), 8);
      }
      if (width > 0)
        rotate64(
          c,
          s,
          z + <usize>k * stride,
          z + <usize>(k + 1) * stride,
          width,
        );
    }
  }
  return 1;
}


@inline
function negligible(d: usize, e: usize, i: i32): bool {
  const at = (<usize>i) << 3;
  const size = Math.abs(load<f64>(e + at));
  const beside = Math.abs(load<f64>(d + at)) + Math.abs(load<f64>(d + at, 8));
  return size <= EPSILON * beside || size * size <= NEGLIGIBLE_SQUARE;
}

/** √(x² + y²), also where the squares underflow. */
@inline
function length(x: f64, y: f64): f64 {
  const larger = Math.max(Math.abs(x), Math.abs(y));
  const smaller = Math.min(Math.abs(x), Math.abs(y));
  if (larger == 0) return 0;
  const ratio = smaller / larger;
  return larger * Math.sqrt(1 + ratio * ratio);
}
