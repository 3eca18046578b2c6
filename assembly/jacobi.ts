// One-sided Jacobi: rotates rows in pairs until all are orthogonal to working precision, each pair relative to its own lengths, so that
// small singular values come out as right as large ones. Source: Demmel & Veselić, SIMAX 13(4), 1992. Cost 5 to 10 sweeps, each n²/2 inner
// products of `length` and as many rotations of `width`.
import { dot64, rotate64 } from "./rows64";

const EPSILON: f64 = 2.220446049250313e-16;
/** Rows with smaller squares, relative to rows of size about 1, are left alone. */
const NEGLIGIBLE_SQUARE: f64 = 1.4996968138956309e-241; // 2^-800
const MAX_SWEEPS = 60;

/**
 * x: n rows of `width`, `stride` numbers apart; only their first `length` entries become orthogonal, the others are carried along.
 * squares (n): their squared lengths. Returns the sweeps, or 0 where MAX_SWEEPS were not enough.
 */
export function jacobiRows64(
  x: usize,
  n: i32,
  stride: i32,
  length: i32,
  width: i32,
  squares: usize,
): i32 {
  const rowBytes = (<usize>stride) << 3;
  const tolerance = EPSILON * Math.sqrt(<f64>length);
  for (let sweep = 1; sweep <= MAX_SWEEPS; sweep++) {
    for (let p = 0; p < n; p++) {
      const row = x + <usize>p * rowBytes;
      store<f64>(squares + ((<usize>p) << 3), dot64(row, row, length));
    }
    let rotations = 0;
    for (let p = 0; p < n - 1; p++) {
      const rowP = x + <usize>p * rowBytes;
      const atP = squares + ((<usize>p) << 3);
      for (let q = p + 1; q < n; q++) {
        const rowQ = x + <usize>q * rowBytes;
        const atQ = squares + ((<usize>q) << 3);
        const a = load<f64>(atP);
        const b = load<f64>(atQ);
        if (a <= NEGLIGIBLE_SQUARE || b <= NEGLIGIBLE_SQUARE) continue;
        const g = dot64(rowP, rowQ, length);
        if (Math.abs(g) <= tolerance * Math.sqrt(a) * Math.sqrt(b)) continue;
        rotations++;
        const zeta = (b - a) / (2 * g);
        const root = Math.sqrt(1 + zeta * zeta);
        const t = zeta < 0 ? 1 / (zeta - root) : 1 / (zeta + root);
        const c = 1 / Math.sqrt(1 + t * t);
        const s = c * t;
        const first = Math.max(a - t * g, 0);
        const second = Math.max(b + t * g, 0);
        // The longer row goes first: rows then sort themselves, and small ones stop moving early.
        if (a >= b) {
          rotate64(c, -s, rowP, rowQ, width);
          store<f64>(atP, first);
          store<f64>(atQ, second);
        } else {
          rotate64(s, c, rowP, rowQ, width);
          store<f64>(atP, second);
          store<f64>(atQ, first);
        }
      }
    }
    if (rotations == 0) return sweep;
  }
  return 0;
}
