// Eigenpairs of D + ρ z zᵀ, d_0 < … < d_{k−1}, ρ > 0, no z_i negligible: the heart of divide and conquer.
//
// Roots of f(λ) = 1 + ρ Σ z_i² / (d_i − λ), one in each (d_j, d_{j+1}), the last in (d_{k−1}, d_{k−1} + ρ ‖z‖²]. Each is kept as its distance τ from the
// nearer pole, so that every d_i − λ_j is right to the last digits. Iteration: the sums over the poles on either side are each replaced by
// constant + one pole, matched in value and slope (Bunch, Nielsen & Sorensen, Numer. Math. 31, 1978), inside a bracket that bisects
// where that leaves it. Vectors: from the ẑ for which the computed λ_j are exact (Gu & Eisenstat, SIMAX 16(1), 1995),
//   ẑ_i² = Π_j (λ_j − d_i) / Π_{j≠i} (d_j − d_i) / ρ,  u_j ∝ (ẑ_i / (d_i − λ_j))_i,
// which makes them orthogonal to rounding however close the λ_j are. Cost about 5 iterations of k² divisions, and 3 k² more.

const EPSILON: f64 = 2.220446049250313e-16;
const MAX_STEPS = 200;

// Sums over one side of the poles, for the caller of `sums`.
let value: f64 = 0;
let slope: f64 = 0;

/** value ← Σ z_i²/(δ_i − τ), slope ← Σ (z_i/(δ_i − τ))² over [from, to). */
function sums(delta: usize, z: usize, from: i32, to: i32, tau: f64): void {
  let i = from;
  value = 0;
  slope = 0;
  if (ASC_FEATURE_SIMD) {
    const t = f64x2.splat(tau);
    let v = f64x2.splat(0);
    let s = f64x2.splat(0);
    for (; i + 2 <= to; i += 2) {
      const at = (<usize>i) << 3;
      const zi = v128.load(z + at);
      const ratio = f64x2.div(zi, f64x2.sub(v128.load(delta + at), t));
      v = f64x2.add(v, f64x2.mul(zi, ratio));
      s = f64x2.add(s, f64x2.mul(ratio, ratio));
    }
    value = f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
    slope = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
  }
  for (; i < to; i++) {
    const at = (<usize>i) << 3;
    const zi = load<f64>(z + at);
    const ratio = zi / (load<f64>(delta + at) - tau);
    value += zi * ratio;
    slope += ratio * ratio;
  }
}

/** Root j: leaves delta_i = d_i − d_origin, returns τ = λ_j − d_origin. */
function root(k: i32, j: i32, d: usize, z: usize, rho: f64, delta: usize): f64 {
  const at = (<usize>j) << 3;
  const last = j == k - 1;
  const inverse = 1.0 / rho; // f/ρ has the same roots and one multiplication less a term
  let low: f64;
  let high: f64;
  shift(k, d, load<f64>(d + at), delta);
  if (last) {
    let length: f64 = 0;
    for (let i = 0; i < k; i++)
      length +=
        load<f64>(z + ((<usize>i) << 3)) * load<f64>(z + ((<usize>i) << 3));
    low = 0;
    high = rho * length;
  } else {
    const gap = load<f64>(delta + at, 8);
    const middle = gap * 0.5;
    sums(delta, z, 0, k, middle);
    if (inverse + value >= 0) {
      low = 0;
      high = middle;
    } else {
      shift(k, d, load<f64>(d + at, 8), delta);
      low = -middle;
      high = 0;
    }
  }
  let tau = (low + high) * 0.5;
  for (let step = 0; step < MAX_STEPS; step++) {
    sums(delta, z, 0, j + 1, tau);
    const psi = value;
    const psiSlope = slope;
    let phi: f64 = 0;
    let phiSlope: f64 = 0;
    if (!last) {
      sums(delta, z, j + 1, k, tau);
      phi = value;
      phiSlope = slope;
    }
    const f = inverse + psi + phi;
    if (Math.abs(f) <= 8 * EPSILON * (inverse + phi - psi)) return tau;
    if (f < 0) low = tau;
    else high = tau;

    const left = load<f64>(delta + at) - tau;
    let next: f64;
    if (last) {
      // inverse + r + s/(left − η) = 0
      const c = f - left * psiSlope;
      next = tau + left + (left * left * psiSlope) / c;
    } else {
      const right = load<f64>(delta + at, 8) - tau;
      const c = f - left * psiSlope - right * phiSlope;
      const a = (left + right) * f - left * right * (psiSlope + phiSlope);
      const b = left * right * f;
      const discriminant = Math.sqrt(Math.abs(a * a - 4 * b * c));
      next =
        tau +
        (a <= 0 ? (a - discriminant) / (2 * c) : (2 * b) / (a + discriminant));
    }
    if (!(next > low && next < high)) next = (low + high) * 0.5;
    // Neighbouring doubles: nothing between them is closer.
    if (
      next == low ||
      next == high ||
      Math.abs(next - tau) <= 0.5 * EPSILON * Math.abs(next)
    )
      return next == 0 ? tau : next;
    tau = next;
  }
  return tau;
}


@inline
function shift(k: i32, d: usize, origin: f64, delta: usize): void {
  for (let i = 0; i < k; i++) {
    const at = (<usize>i) << 3;
    store<f64>(delta + at, load<f64>(d + at) - origin);
  }
}

/**
 * d, z (k) → lambda (k), ascending, and u (k×k, rows uStride numbers apart): row j is the unit eigenvector of lambda_j, its coordinate i in column place[i]
 * (place: k i32). work: 2 k.
 */
export function secular(
  k: i32,
  d: usize,
  z: usize,
  rho: f64,
  place: usize,
  lambda: usize,
  u: usize,
  uStride: i32,
  work: usize,
): void {
  const stride = (<usize>uStride) << 3;
  const delta = work;
  const zhat = work + ((<usize>k) << 3);
  for (let j = 0; j < k; j++) {
    const tau = root(k, j, d, z, rho, delta);
    const row = u + <usize>j * stride;
    for (let i = 0; i < k; i++) {
      const at = (<usize>i) << 3;
      store<f64>(row + at, load<f64>(delta + at) - tau);
    }
    // delta_j is 0 or −(d_{j+1} − d_j): λ from the pole it was measured from.
    const at = (<usize>j) << 3;
    const near =
      load<f64>(delta + at) == 0 ? load<f64>(d + at) : load<f64>(d + at, 8);
    store<f64>(lambda + at, near + tau);
  }
  for (let i = 0; i < k; i++) store<f64>(zhat + ((<usize>i) << 3), 1);
  for (let j = 0; j < k; j++) {
    const row = u + <usize>j * stride;
    const dj = load<f64>(d + ((<usize>j) << 3));
    for (let i = 0; i < k; i++) {
      const at = (<usize>i) << 3;
      const below = i == j ? 1.0 : load<f64>(d + at) - dj;
      store<f64>(
        zhat + at,
        (load<f64>(zhat + at) * load<f64>(row + at)) / below,
      );
    }
  }
  for (let i = 0; i < k; i++) {
    const at = (<usize>i) << 3;
    const size = Math.sqrt(Math.abs(load<f64>(zhat + at)));
    store<f64>(zhat + at, load<f64>(z + at) < 0 ? -size : size);
  }
  for (let j = 0; j < k; j++) {
    const row = u + <usize>j * stride;
    let squares: f64 = 0;
    for (let i = 0; i < k; i++) {
      const at = (<usize>i) << 3;
      const coordinate = load<f64>(zhat + at) / load<f64>(row + at);
      squares += coordinate * coordinate;
      store<f64>(delta + at, coordinate);
    }
    const factor = 1.0 / Math.sqrt(squares);
    for (let i = 0; i < k; i++) {
      const to = (<usize>load<i32>(place + ((<usize>i) << 2))) << 3;
      store<f64>(row + to, factor * load<f64>(delta + ((<usize>i) << 3)));
    }
  }
}
