/**
 * The tile all products are made of: `side`² numbers of op(a)·op(b) by side²/16 lanes, 4×4 each. STEP columns of a and rows of b at
 * a time go through the group's own memory, so every number of them is read from the device's once for `side` products.
 *
 * Each number is summed in the same order whatever the side and wherever it lies: STEP products one after the other, these sums
 * one after the other. So the bits of a row do not depend on its batch, and the chains are short: error (STEP + k/STEP)·ε.
 * Cost: side·STEP·2 reads for side²·STEP multiplications and additions, so side/4 operations a byte.
 */
const STEP = 16;

export type TileSide = 16 | 32 | 64;

export const lanesOf = (side: TileSide) => (side / 4) ** 2;

/** Sides that waste little of a tile: the largest one that leaves enough tiles to keep a device busy. */
export function tileSideFor(m: number, n: number): TileSide {
  const smaller = Math.min(m, n);
  if (smaller <= 16) return 16;
  return Math.ceil(m / 64) * Math.ceil(n / 64) >= 32 ? 64 : 32;
}

/**
 * fn tile(…): afterwards `sums` holds this lane's rows row0 + i (i = 0 … 3) and columns column0 … column0 + 3, where
 * row0 = top + 4·(lane / quarter), column0 = left + 4·(lane % quarter). Steps first … end − 1 of k; every lane of the group calls
 * it, with the same numbers; first and end must be uniform.
 */
export function tileCode(side: TileSide): string {
  const lanes = lanesOf(side);
  const quarter = side / 4;
  const rows = [0, 1, 2, 3];
  const perLane = (side * STEP) / lanes;
  return `
    const quarter = ${quarter};
    var<workgroup> left : array<f32, ${STEP * side}>;
    var<workgroup> right : array<vec4<f32>, ${STEP * quarter}>;
    var<private> sums : array<vec4<f32>, 4>;
    struct Factor { offset : i32, stride : i32, transposed : i32 };

    fn tile(lane : i32, top : i32, leftmost : i32, m : i32, n : i32, first : i32, end : i32, fa : Factor, fb : Factor) {
      let y = 4 * (lane / quarter);
      let x = lane % quarter;
      ${rows.map((i) => `var s${i} = vec4<f32>();`).join(" ")}
      for (var p0 = first; p0 < end; p0 += ${STEP}) {
        for (var t = 0; t < ${perLane}; t++) {
          let e = lane + t * ${lanes};
          // neighbouring lanes read neighbouring numbers
          let ia = select(e / ${STEP}, e % ${side}, fa.transposed == 1);
          let pa = select(e % ${STEP}, e / ${side}, fa.transposed == 1);
          var value = 0.0;
          if (top + ia < m && p0 + pa < end) {
            value = a[fa.offset + select((top + ia) * fa.stride + p0 + pa, (p0 + pa) * fa.stride + top + ia, fa.transposed == 1)];
          }
          left[pa * ${side} + ia] = value;
          let jb = select(e % ${side}, e / ${STEP}, fb.transposed == 1);
          let pb = select(e / ${side}, e % ${STEP}, fb.transposed == 1);
          value = 0.0;
          if (leftmost + jb < n && p0 + pb < end) {
            value = b[fb.offset + select((p0 + pb) * fb.stride + leftmost + jb, (leftmost + jb) * fb.stride + p0 + pb, fb.transposed == 1)];
          }
          right[pb * quarter + jb / 4][jb % 4] = value;
        }
        workgroupBarrier();
        ${rows.map((i) => `var c${i} = vec4<f32>();`).join(" ")}
        for (var p = 0; p < ${STEP}; p++) {
          let r = right[p * quarter + x];
          let l = p * ${side} + y;
          ${rows.map((i) => `c${i} = fma(vec4<f32>(left[l + ${i}]), r, c${i});`).join("\n          ")}
        }
        ${rows.map((i) => `s${i} += c${i};`).join(" ")}
        workgroupBarrier();
      }
      ${rows.map((i) => `sums[${i}] = s${i};`).join(" ")}
    }`;
}
