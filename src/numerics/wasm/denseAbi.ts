/** The kernels of dense/ and krylov/: addresses of f64 rows in the arena, sizes in numbers. See abi.ts for the conventions. */
export interface DenseKernels {
  /**
   * Lower triangle of a (n×n, rows `stride` apart) → diagonal (n), off (n); reflectors stay in the rows of a, factors in tau (n).
   * work: tridiagonalizeWorkspace(n) bytes.
   */
  tridiagonalize(
    a: number,
    n: number,
    stride: number,
    diagonal: number,
    off: number,
    tau: number,
    work: number,
  ): void;
  tridiagonalizeWorkspace(n: number): number;
  /** Eigenvalues of (d, e) into d; rotations go to the rows of z (n × width) as well. 0: did not converge. */
  implicitQr(d: number, e: number, n: number, z: number, width: number): number;
  /** Eigenvalues of (d, e) into d without square roots in the sweeps; e is destroyed. 0: did not converge. */
  rootFreeQr(d: number, e: number, n: number): number;
  /** a (n×n, rows `stride` apart) ← L. n, or the index of the first pivot that is not positive, its value left on the diagonal. */
  cholesky64(a: number, n: number, stride: number, workspace: number): number;
  /** The same with diagonal pivoting, order (n, i32): the rank, the rest of A in rows and columns from there. diagonal: n. */
  choleskyPivoted64(
    a: number,
    n: number,
    stride: number,
    order: number,
    tiny: number,
    diagonal: number,
    workspace: number,
  ): number;
  /** x (n × columns) ← L⁻ᵀ L⁻¹ x. */
  choleskySolve64(l: number, n: number, stride: number, x: number, columns: number): void;
  /** a (n×n, rows `stride` apart) ← L \ U, order (n, i32). n, or the first column without a pivot above `tiny`. */
  lu64(a: number, n: number, stride: number, order: number, tiny: number, workspace: number): number;
  /** x (n × columns) ← U⁻¹ L⁻¹ x. */
  luSolve64(lu: number, n: number, stride: number, x: number, columns: number): void;
  /** Rows first … first + count − 1 (of m, `stride` apart), columns of A, → R above, reflectors from the diagonal on. */
  qrPanel64(
    rows: number,
    first: number,
    count: number,
    m: number,
    stride: number,
    diagonal: number,
    tau: number,
  ): void;
  /** Makes n rows orthogonal in their first `length` numbers, carrying `width` along. squares: n. Sweeps, or 0: did not converge. */
  jacobiRows64(x: number, n: number, stride: number, length: number, width: number, squares: number): number;
  /** h (k) ← Q x with Q (k×n). */
  basisDot(q: number, k: number, n: number, x: number, h: number): void;
  /** x ← x + factor · Qᵀ h. */
  basisAdd(q: number, k: number, n: number, h: number, factor: number, x: number): void;
  /** Eigenpairs of D + ρ z zᵀ: lambda (k), u (k×k, rows uStride apart) with coordinate i in column place[i] (k, i32). work: 2 k. */
  secular(
    k: number,
    d: number,
    z: number,
    rho: number,
    place: number,
    lambda: number,
    u: number,
    uStride: number,
    work: number,
  ): void;
  /** y ← A x, A as the tiles of its lower triangle, side × side (side a multiple of 4); x, y: count × blocks·side numbers. */
  symmetricApply(tiles: number, blocks: number, side: number, x: number, y: number, count: number): void;
}
