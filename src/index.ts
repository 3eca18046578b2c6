/** The public names of ntkit, and only those. The rooms have doors of their own: ntkit/numerics, /model, /ntk, /theory, /report. */
export { CallError, DataError } from "./errors.ts";
export * from "./finetune/index.ts";
export * from "./model/index.ts";
export * from "./ntk/index.ts";
export * from "./numerics/index.ts";
export type { LongOptions, Progress } from "./progress.ts";
export * from "./report/index.ts";
export * from "./study/index.ts";
export * from "./theory/index.ts";
