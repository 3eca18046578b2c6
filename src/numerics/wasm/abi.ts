/**
 * The ABI: what the kernels of assembly/ export, by hand, in the order of assembly/index.ts. All targets export the same names.
 *
 * Pointers are byte addresses below 2³² given by the arena; counts and strides are in elements; flags are 0 or 1.
 * Kernels allocate nothing, keep nothing, and check nothing: callers do.
 */
export interface Kernels {
  /** 1 in the SIMD targets, 0 in the scalar one. */
  usesSimd(): number;
}
