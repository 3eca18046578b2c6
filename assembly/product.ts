/**
 * C = beta·C + alpha·op(A)·op(B) (+ bias in every row), cache-blocked: the loop that matmul, grouped products and Gram sums share.
 *
 *   for a block of columns of B (NC), for a panel of steps (KC): pack B          KC×NC in L2/L3
 *     for a block of rows of A (MC): pack A                                       MC×KC in L2
 *       for tiles of B, for tiles of A: tile, merge into C                        KC×2 vectors in L1
 *
 * T is the type of the factors and of the sums inside a panel of KC steps; S is the type of C, in which panels are added up:
 * f32/f32 and f64/f64 for products, f32/f64 for Gram sums. The panels start at multiples of KC whatever the sizes, and edge tiles
 * run the same tile code on zeros, so the bits of a row depend on that row and B alone.
 * Small factors are not packed: packing A pays once it is read by several column tiles, packing B once by several row tiles.
 * After Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34(3), 2008.
 */
import { packPanel } from "./pack";
import { PACKED_ROWS, packedTile } from "./packedTile";
import { lanes, TILE_ROWS, tileColumns, tileColumnsOf, tileRows } from "./tile";

/** Steps summed in T before the sum goes to C. */
const KC: i32 = 256;
const MC: i32 = 96;
const NC: i32 = 1024;
/** Up to so many columns A, and up to so many rows B, is read where it lies. */
const DIRECT_COLUMNS: i32 = 16;
const DIRECT_ROWS: i32 = 16;
const TILE_BYTES: usize = 384;

/** Bytes a product needs for its packed panels, f64 or f32. */
export function productWorkspace(): i32 {
  return <i32>TILE_BYTES + (MC + NC) * KC * 8;
}

/**
 * a: m×k, stored k×m if ta; b: k×n, stored n×k if tb; c: m×n; strides of stored rows in elements. bias: n numbers or null.
 * `lower`: only tiles that touch the lower triangle.
 */
export function product<T, S>(
  m: i32,
  n: i32,
  k: i32,
  alpha: S,
  a: usize,
  aStride: i32,
  ta: bool,
  b: usize,
  bStride: i32,
  tb: bool,
  beta: S,
  c: usize,
  cStride: i32,
  bias: usize,
  lower: bool,
  workspace: usize,
): void {
  const size = sizeof<T>();
  const width = tileColumnsOf<T>();
  const aRow: usize = ta ? size : <usize>aStride * size;
  const aStep: usize = ta ? <usize>aStride * size : size;
  const bColumn: usize = tb ? <usize>bStride * size : size;
  const bStep: usize = tb ? size : <usize>bStride * size;
  const cRow = <usize>cStride * sizeof<S>();
  const tile = workspace;
  const packedA = tile + TILE_BYTES;
  const packedB = packedA + <usize>(MC * KC) * size;
  const directA = n <= DIRECT_COLUMNS;
  const directB = !tb && m <= DIRECT_ROWS;
  const height = directA || directB ? TILE_ROWS : PACKED_ROWS;

  for (let jc = 0; jc < n; jc += NC) {
    const columns = min(NC, n - jc);
    let pc = 0;
    do {
      const steps = min(KC, k - pc);
      const panelBeta: S = pc == 0 ? beta : 1;
      const panelBias: usize = pc == 0 ? bias : 0;
      const bBlock = b + <usize>jc * bColumn + <usize>pc * bStep;
      for (let jr = 0; jr < columns; jr += width) {
        const valid = min(width, columns - jr);
        if (directB && valid == width) continue;
        packPanel<T>(
          bBlock + <usize>jr * bColumn,
          bStep,
          bColumn,
          steps,
          valid,
          width,
          packedB + <usize>(jr * steps) * size,
        );
      }
      for (let ic = lower ? (jc / height) * height : 0; ic < m; ic += MC) {
        const rows = min(MC, m - ic);
        const aBlock = a + <usize>ic * aRow + <usize>pc * aStep;
        if (!directA) {
          for (let ir = 0; ir < rows; ir += height) {
            packPanel<T>(
              aBlock + <usize>ir * aRow,
              aStep,
              aRow,
              steps,
              min(height, rows - ir),
              height,
              packedA + <usize>(ir * steps) * size,
            );
          }
        }
        for (let jr = 0; jr < columns; jr += width) {
          const validColumns = min(width, columns - jr);
          const inPlace = directB && validColumns == width;
          const bTile = inPlace
            ? bBlock + <usize>jr * bColumn
            : packedB + <usize>(jr * steps) * size;
          const bTileStep = inPlace ? bStep : <usize>width * size;
          for (let ir = 0; ir < rows; ir += height) {
            const validRows = min(height, rows - ir);
            if (lower && jc + jr > ic + ir + validRows - 1) continue;
            if (directA) {
              const row = aBlock + <usize>ir * aRow;
              const last = validRows - 1;
              tileRows<T>(
                steps,
                row,
                row + <usize>min(1, last) * aRow,
                row + <usize>min(2, last) * aRow,
                row + <usize>last * aRow,
                aStep,
                bTile,
                bTileStep,
                tile,
              );
            } else if (ASC_FEATURE_SIMD && !directB) {
              packedTile<T>(
                steps,
                packedA + <usize>(ir * steps) * size,
                bTile,
                tile,
              );
            } else {
              tileColumns<T>(
                steps,
                packedA + <usize>(ir * steps) * size,
                <usize>TILE_ROWS * size,
                bTile,
                bTileStep,
                tile,
              );
            }
            merge<T, S>(
              tile,
              c + <usize>(ic + ir) * cRow + <usize>(jc + jr) * sizeof<S>(),
              cRow,
              validRows,
              validColumns,
              alpha,
              panelBeta,
              panelBias == 0 ? 0 : panelBias + <usize>(jc + jr) * sizeof<S>(),
            );
          }
        }
      }
      pc += KC;
    } while (pc < k);
  }
}

/** c = beta·c + bias + alpha·tile on rows × columns of a tile. beta 0 does not read c, which may hold anything. */
function merge<T, S>(
  tile: usize,
  c: usize,
  cRow: usize,
  rows: i32,
  columns: i32,
  alpha: S,
  beta: S,
  bias: usize,
): void {
  const width = tileColumnsOf<T>();
  const tileRow = <usize>width * sizeof<T>();
  if (ASC_FEATURE_SIMD && columns == width && sizeof<T>() == sizeof<S>()) {
    // What most tiles ask for: 1·x and x + 1·c are x and x + c to the last bit.
    if (alpha == 1 && bias == 0 && (beta == 0 || beta == 1)) {
      for (; rows > 0; --rows) {
        let x0 = v128.load(tile);
        let x1 = v128.load(tile, 16);
        if (beta != 0) {
          x0 = v128.add<S>(x0, v128.load(c));
          x1 = v128.add<S>(x1, v128.load(c, 16));
        }
        v128.store(c, x0);
        v128.store(c, x1, 16);
        tile += 32;
        c += cRow;
      }
      return;
    }
    const alphas = v128.splat<S>(alpha);
    const betas = v128.splat<S>(beta);
    for (; rows > 0; --rows) {
      for (let byte: usize = 0; byte < tileRow; byte += 16) {
        let sum = v128.mul<S>(alphas, v128.load(tile + byte));
        if (bias != 0) sum = v128.add<S>(sum, v128.load(bias + byte));
        if (beta != 0)
          sum = v128.add<S>(sum, v128.mul<S>(betas, v128.load(c + byte)));
        v128.store(c + byte, sum);
      }
      tile += tileRow;
      c += cRow;
    }
    return;
  }
  if (ASC_FEATURE_SIMD && columns == width && sizeof<T>() < sizeof<S>()) {
    // Gram sums: f32 tiles onto f64 rows
    if (alpha == 1 && beta == 1 && bias == 0) {
      for (; rows > 0; --rows) {
        for (let byte: usize = 0; byte < tileRow; byte += 8) {
          const sum = f64x2.promote_low_f32x4(v128.load64_zero(tile + byte));
          v128.store(c + 2 * byte, f64x2.add(v128.load(c + 2 * byte), sum));
        }
        tile += tileRow;
        c += cRow;
      }
      return;
    }
  }
  for (; rows > 0; --rows) {
    for (let j = 0; j < columns; ++j) {
      const at = <usize>j * sizeof<S>();
      let sum = alpha * <S>load<T>(tile + <usize>j * sizeof<T>());
      if (bias != 0) sum += load<S>(bias + at);
      if (beta != 0) sum += beta * load<S>(c + at);
      store<S>(c + at, sum);
    }
    tile += tileRow;
    c += cRow;
  }
}
