// Householder QR of a few columns at a time; the columns of A are the rows here, so that all is contiguous. See src/numerics/dense/qr.ts.
import { axpy64, dot64, scale64 } from "./rows64";

/** Squares below this, relative to columns of size about 1, count as zero. */
const NEGLIGIBLE_SQUARE: f64 = 1.4996968138956309e-241; // 2^-800

/**
 * Rows first … first + count − 1 of `rows` (…×m, `stride` numbers apart) are columns of A as the reflectors before `first` left them.
 * Afterwards row j holds R_0j … R_{j−1, j}, then u_j = 1, u_{j+1} … u_{m−1} of its reflector I − τ u uᵀ; diagonal[j] = R_jj, tau[j] = τ.
 */
export function qrPanel64(
  rows: usize,
  first: i32,
  count: i32,
  m: i32,
  stride: i32,
  diagonal: usize,
  tau: usize,
): void {
  const rowBytes = (<usize>stride) << 3;
  for (let j = first; j < first + count; j++) {
    const at = (<usize>j) << 3;
    const u = rows + <usize>j * rowBytes + at;
    const alpha = load<f64>(u);
    const below = m - 1 - j;
    const tail = dot64(u + 8, u + 8, below);
    let factor: f64 = 0;
    let beta = alpha;
    if (tail > NEGLIGIBLE_SQUARE) {
      beta = Math.sqrt(alpha * alpha + tail);
      if (alpha > 0) beta = -beta;
      factor = (beta - alpha) / beta;
      scale64(1.0 / (alpha - beta), u + 8, below);
    } else {
      memory.fill(u + 8, 0, (<usize>below) << 3);
    }
    store<f64>(u, 1.0);
    store<f64>(diagonal + at, beta);
    store<f64>(tau + at, factor);
    if (factor == 0) continue;
    for (let r = j + 1; r < first + count; r++) {
      const other = rows + <usize>r * rowBytes + at;
      axpy64(-factor * dot64(u, other, m - j), u, other, m - j);
    }
  }
}
