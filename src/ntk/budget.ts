/** Refuses, before it starts, a kernel that memory cannot hold; says what it needs and what fits. */
import { CallError, complaint } from "../errors.ts";
import type { TangentModel } from "../model/types.ts";
import { totalMemory } from "../runtime/index.ts";
import {
  type EstimateOptions,
  estimateSizes,
  type KernelEstimate,
  largestFit,
  type TextSizes,
} from "./estimate.ts";

/** A WebAssembly memory has 32-bit addresses. */
export const INSTANCE_LIMIT = 2 ** 32;
const MEMORY_SHARE = 0.7;

/** Bytes the work may take: as said, or 70 % of the machine's. @throws CallError for no number of bytes. */
export function memoryBudget(memory: number | undefined): number {
  if (memory === undefined) return (totalMemory() ?? Number.POSITIVE_INFINITY) * MEMORY_SHARE;
  if (memory > 0) return memory;
  throw new CallError(complaint("memory", "a positive number of bytes", String(memory)));
}

const gib = (bytes: number) =>
  bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${Math.ceil(bytes / 2 ** 20)} MiB`;

export function checkBudget(
  tangent: TangentModel,
  train: TextSizes,
  test: TextSizes | null,
  options: EstimateOptions & { memory?: number },
): KernelEstimate {
  const total = memoryBudget(options.memory);
  const estimate = estimateSizes(tangent, train, test, options);
  const instance = tangent.backend.name === "reference" ? Number.POSITIVE_INFINITY : INSTANCE_LIMIT;
  const { parts } = estimate;
  const over = estimate.bytes > total;
  if (!over && estimate.instanceBytes <= instance) return estimate;
  const fit = largestFit(tangent, train, test, options, { total, instance });
  const texts = test ? `${train.n} training and ${test.n} test texts` : `${train.n} texts`;
  const need = over
    ? `about ${gib(estimate.bytes)} (kernel ${gib(parts.kernel)}, activations ${gib(parts.activations)}, taps ${gib(parts.taps)}, ${options.workers ?? 1} × weights and workspace ${gib(parts.weights + parts.workspace)})`
    : `about ${gib(estimate.instanceBytes)} in one WebAssembly instance`;
  throw new CallError(
    complaint(
      `kernel of ${texts}`,
      `at most ${gib(over ? total : instance)}`,
      need,
      fit > 0
        ? `at most ${fit} texts of this length${over ? ", fewer workers or more memory" : " or more workers"}`
        : `shorter texts${over ? ", fewer workers or more memory" : ""}`,
    ),
  );
}
