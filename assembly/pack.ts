/**
 * Packing: a block of a matrix as panels of `width` lanes (whole vectors, or 6), each panel [step][lane]: a tile reads one stream.
 * Element (step p, lane l) is at source + p·stepStride + l·laneStride (bytes); lanes from `valid` to `width` become 0.
 * This is where transposition happens: one of the strides is one element, whichever it is decides the loop.
 * Cost: one read and one write an element, a v128 at a time.
 */
import { lanes } from "./tile";

export function packPanel<T>(
  source: usize,
  stepStride: usize,
  laneStride: usize,
  steps: i32,
  valid: i32,
  width: i32,
  target: usize,
): void {
  const stride = <usize>width * sizeof<T>();
  if (ASC_FEATURE_SIMD && valid == width) {
    if (laneStride == sizeof<T>()) {
      for (let p = 0; p < steps; ++p) {
        let byte: usize = 0;
        for (; byte + 16 <= stride; byte += 16)
          v128.store(target + byte, v128.load(source + byte));
        if (byte < stride) store<u64>(target + byte, load<u64>(source + byte));
        source += stepStride;
        target += stride;
      }
      return;
    }
    if (stepStride == sizeof<T>()) {
      let l = 0;
      for (; l + lanes<T>() <= width; l += lanes<T>()) {
        transpose<T>(
          source + <usize>l * laneStride,
          laneStride,
          steps,
          target + <usize>l * sizeof<T>(),
          stride,
        );
      }
      if (l < width) {
        transposePair(
          source + <usize>l * laneStride,
          laneStride,
          steps,
          target + <usize>l * 4,
          stride,
        );
      }
      return;
    }
  }
  for (let p = 0; p < steps; ++p) {
    let from = source;
    for (let l = 0; l < valid; ++l) {
      store<T>(target + <usize>l * sizeof<T>(), load<T>(from));
      from += laneStride;
    }
    for (let l = valid; l < width; ++l)
      store<T>(target + <usize>l * sizeof<T>(), <T>0);
    source += stepStride;
    target += stride;
  }
}

/** One vector's worth of rows, `laneStride` apart, into columns `stride` apart: 4×4 blocks of f32, 2×2 of f64. */
function transpose<T>(
  source: usize,
  laneStride: usize,
  steps: i32,
  target: usize,
  stride: usize,
): void {
  let p = 0;
  if (sizeof<T>() == 4) {
    for (; p + 4 <= steps; p += 4) {
      const r0 = v128.load(source);
      const r1 = v128.load(source + laneStride);
      const r2 = v128.load(source + 2 * laneStride);
      const r3 = v128.load(source + 3 * laneStride);
      // [a0 b0 a1 b1], [c0 d0 c1 d1], [a2 b2 a3 b3], [c2 d2 c3 d3]
      const ab01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
      const cd01 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
      const ab23 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      const cd23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      v128.store(target, v128.shuffle<f64>(ab01, cd01, 0, 2));
      v128.store(target + stride, v128.shuffle<f64>(ab01, cd01, 1, 3));
      v128.store(target + 2 * stride, v128.shuffle<f64>(ab23, cd23, 0, 2));
      v128.store(target + 3 * stride, v128.shuffle<f64>(ab23, cd23, 1, 3));
      source += 16;
      target += 4 * stride;
    }
  } else {
    for (; p + 2 <= steps; p += 2) {
      const r0 = v128.load(source);
      const r1 = v128.load(source + laneStride);
      v128.store(target, v128.shuffle<f64>(r0, r1, 0, 2));
      v128.store(target + stride, v128.shuffle<f64>(r0, r1, 1, 3));
      source += 16;
      target += 2 * stride;
    }
  }
  for (; p < steps; ++p) {
    for (let l = 0; l < lanes<T>(); ++l) {
      store<T>(
        target + <usize>l * sizeof<T>(),
        load<T>(source + <usize>l * laneStride),
      );
    }
    source += sizeof<T>();
    target += stride;
  }
}

/** The last two of 6 rows of f32, as `transpose`. */
function transposePair(
  source: usize,
  laneStride: usize,
  steps: i32,
  target: usize,
  stride: usize,
): void {
  let p = 0;
  for (; p + 4 <= steps; p += 4) {
    const r0 = v128.load(source);
    const r1 = v128.load(source + laneStride);
    const ab01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
    const ab23 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
    v128.store_lane<u64>(target, ab01, 0);
    v128.store_lane<u64>(target + stride, ab01, 1);
    v128.store_lane<u64>(target + 2 * stride, ab23, 0);
    v128.store_lane<u64>(target + 3 * stride, ab23, 1);
    source += 16;
    target += 4 * stride;
  }
  for (; p < steps; ++p) {
    store<f32>(target, load<f32>(source));
    store<f32>(target, load<f32>(source + laneStride), 4);
    source += 4;
    target += stride;
  }
}
