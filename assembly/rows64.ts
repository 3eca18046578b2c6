// Rows of f64: the inner loops the decompositions share. Two lanes at a time where SIMD is, the same sums in the scalar target's order.

/** Σ x_i y_i over n. Four partial sums, so that additions need not wait for each other. */
export function dot64(x: usize, y: usize, n: i32): f64 {
  let sum: f64 = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    let s0 = f64x2.splat(0);
    let s1 = f64x2.splat(0);
    let s2 = f64x2.splat(0);
    let s3 = f64x2.splat(0);
    for (; i + 8 <= n; i += 8) {
      s0 = f64x2.add(s0, f64x2.mul(v128.load(x), v128.load(y)));
      s1 = f64x2.add(s1, f64x2.mul(v128.load(x, 16), v128.load(y, 16)));
      s2 = f64x2.add(s2, f64x2.mul(v128.load(x, 32), v128.load(y, 32)));
      s3 = f64x2.add(s3, f64x2.mul(v128.load(x, 48), v128.load(y, 48)));
      x += 64;
      y += 64;
    }
    s0 = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
    sum = f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1);
  } else {
    let s0: f64 = 0;
    let s1: f64 = 0;
    let s2: f64 = 0;
    let s3: f64 = 0;
    for (; i + 4 <= n; i += 4) {
      s0 += load<f64>(x) * load<f64>(y);
      s1 += load<f64>(x, 8) * load<f64>(y, 8);
      s2 += load<f64>(x, 16) * load<f64>(y, 16);
      s3 += load<f64>(x, 24) * load<f64>(y, 24);
      x += 32;
      y += 32;
    }
    sum = s0 + s1 + (s2 + s3);
  }
  for (; i < n; i++) {
    sum += load<f64>(x) * load<f64>(y);
    x += 8;
    y += 8;
  }
  return sum;
}

/** y ← y + factor · x over n. */
export function axpy64(factor: f64, x: usize, y: usize, n: i32): void {
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    const f = f64x2.splat(factor);
    for (; i + 4 <= n; i += 4) {
      v128.store(y, f64x2.add(v128.load(y), f64x2.mul(f, v128.load(x))));
      v128.store(
        y,
        f64x2.add(v128.load(y, 16), f64x2.mul(f, v128.load(x, 16))),
        16,
      );
      x += 32;
      y += 32;
    }
  }
  for (; i < n; i++) {
    store<f64>(y, load<f64>(y) + factor * load<f64>(x));
    x += 8;
    y += 8;
  }
}

/** x ← factor · x over n. */
export function scale64(factor: f64, x: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    store<f64>(x, factor * load<f64>(x));
    x += 8;
  }
}

/** (x, y) ← (c x + s y, c y − s x) over n: one plane rotation of two rows. */
export function rotate64(c: f64, s: f64, x: usize, y: usize, n: i32): void {
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    const cc = f64x2.splat(c);
    const ss = f64x2.splat(s);
    for (; i + 2 <= n; i += 2) {
      const a = v128.load(x);
      const b = v128.load(y);
      v128.store(x, f64x2.add(f64x2.mul(cc, a), f64x2.mul(ss, b)));
      v128.store(y, f64x2.sub(f64x2.mul(cc, b), f64x2.mul(ss, a)));
      x += 16;
      y += 16;
    }
  }
  for (; i < n; i++) {
    const a = load<f64>(x);
    const b = load<f64>(y);
    store<f64>(x, c * a + s * b);
    store<f64>(y, c * b - s * a);
    x += 8;
    y += 8;
  }
}
