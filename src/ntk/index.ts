/** ntkit/ntk: the empirical neural tangent kernel of a model on texts, and the folder it is kept in. */

export { type NpyArray, type NpzFile, openNpz, readNpz, writeNpz } from "../numerics/npz.ts";
export { exportKernel, readArrayFile } from "./arrayFile.ts";
export { columnOf } from "./arrays.ts";
export {
  type EmpiricalNtk,
  empiricalNtk,
  type KernelBlocks,
  ntkBlocks,
  type Outputs,
} from "./empirical.ts";
export { type EstimateOptions, estimateKernel, type KernelEstimate } from "./estimate.ts";
export { type Filled, type FillOptions, type FillRequest, fillKernelStore } from "./fill.ts";
export {
  type HeadBodySplit,
  type MixedInitialization,
  type MixedOptions,
  mixedInitialization,
  splitHeadBody,
} from "./mixed.ts";
export { type OpenedKernel, openKernel } from "./openKernel.ts";
export { ntkOperator, type OperatorOptions } from "./operator.ts";
export type { NtkOptions } from "./options.ts";
export { type KernelPlan, planKernel } from "./plan.ts";
export type { ParameterChoice } from "./select.ts";
export { type NtkSketch, type SketchError, type SketchOptions, sketchNtk } from "./sketch/sketch.ts";
export {
  type KernelIdentity,
  type KernelManifest,
  type KernelStoreContent,
  openKernelStore,
  writeKernelStore,
} from "./store.ts";
export type { KernelMatrix } from "./target.ts";
export type { KernelKind, OutputChoice } from "./variant.ts";
