/**
 * Where the weights of a model go, and what that costs: from the shapes alone, before anything is read. Letters: s bytes as stored, f
 * bytes widened, of the whole network or (with ′) of its largest step; t bytes of the largest tensor widened. In memory at once
 *   resident  s + f        layered  s + f′ + t        streaming  2 s′ + f′ + t   (this step and the next are read)
 */
import { storedBytes, type TensorInfo } from "../checkpoint/index.ts";
import { CallError, complaint } from "../errors.ts";
import { sizeOf } from "../numerics/array.ts";
import type { Backend } from "../numerics/backend.ts";
import { totalMemory } from "../runtime/index.ts";
import { architectureOf } from "./architectures.ts";
import * as linear from "./layers/linear.ts";
import * as transforming from "./layers/transform.ts";
import type { Network } from "./network.ts";
import type { ModelRecipe, Parameter, WeightMode, WeightPlan } from "./types.ts";
import { declareWeights, type Slot, weightsOf } from "./weights.ts";

/** What weights may take of the memory there is; the rest is for what is computed with them. */
const WEIGHTS_SHARE = 3 / 4;
/** Of the machine's memory, what is used where nobody says. */
const MEMORY_SHARE = 0.7;
/** A WebAssembly memory has 32-bit addresses. */
const INSTANCE_LIMIT = 2 ** 32;

export interface MemoryOptions {
  /** Bytes the whole work may take; 70 % of the machine's memory where absent. */
  memory?: number;
  /** Where the weights are; "auto" (the default): the first of resident, layered and streaming that three quarters of `memory` hold. */
  weights?: WeightMode | "auto";
}

/** What the weights are for: a backend, or the name of one to be made. */
export type Target = Pick<Backend, "name" | "precision"> | "wasm" | "reference";

const targetOf = (backend: Target): Pick<Backend, "name" | "precision"> =>
  typeof backend === "string"
    ? { name: backend, precision: backend === "reference" ? "f64" : "f32" }
    : backend;

interface Sizes {
  stored: number; // s
  full: number; // f
  step: number; // f′
  stepStored: number; // s′
  stepName: string;
  largest: number; // t
  pass: number; // stored bytes of all steps
}

function sizesOf(
  network: Network,
  slots: readonly Slot[],
  tensors: Record<string, TensorInfo>,
  width: number,
): Sizes {
  const slotOf = new Map(slots.map((slot) => [slot.weight.parameter, slot]));
  const storedOf = (some: readonly Slot[]) =>
    [...new Set(some.map(({ tensor }) => tensor))].reduce((sum, name) => sum + storedBytes(tensors[name]), 0);
  const widened = ({ weight }: Slot) => width * sizeOf(weight.parameter.shape);
  const fullOf = (some: readonly Slot[]) => some.reduce((sum, slot) => sum + widened(slot), 0);
  const steps = stepsOf(network).map(({ name, parameters }) => ({
    name,
    slots: parameters.flatMap((parameter) => slotOf.get(parameter) ?? []),
  }));
  const widest = steps.reduce((most, step) => (fullOf(step.slots) > fullOf(most.slots) ? step : most));
  return {
    stored: storedOf(slots),
    full: fullOf(slots),
    step: fullOf(widest.slots),
    stepStored: Math.max(...steps.map((step) => storedOf(step.slots))),
    stepName: widest.name,
    largest: Math.max(...steps.flatMap((step) => step.slots.map(widened))),
    pass: steps.reduce((sum, step) => sum + storedOf(step.slots), 0),
  };
}

/** Everything that is lent whole, in the sets in which it is. */
function stepsOf({
  stages,
  masked,
  classifier,
}: Network): { name: string; parameters: readonly Parameter[] }[] {
  const ends = [
    ...(masked ? [...transforming.parametersOf(masked.transform), masked.bias.parameter] : []),
    ...(classifier?.transform ? transforming.parametersOf(classifier.transform) : []),
    ...(classifier ? linear.parametersOf(classifier.output) : []),
  ];
  return [...stages, { name: "readout", parameters: ends }];
}

/** The plan of a network whose mode is settled. */
export function planOf(
  mode: WeightMode,
  network: Network,
  slots: readonly Slot[],
  tensors: Record<string, TensorInfo>,
  precision: "f32" | "f64",
): WeightPlan {
  return planFor(mode, sizesOf(network, slots, tensors, precision === "f64" ? 8 : 4));
}

function planFor(mode: WeightMode, sizes: Sizes): WeightPlan {
  const { stored, full, step, stepStored, largest, pass } = sizes;
  if (mode === "resident") return { mode, stored, onBackend: full, inMemory: stored + full, readPerPass: 0 };
  if (mode === "layered")
    return { mode, stored, onBackend: step, inMemory: stored + step + largest, readPerPass: 0 };
  return { mode, stored, onBackend: step, inMemory: 2 * stepStored + step + largest, readPerPass: pass };
}

/**
 * Chooses the mode for a checkpoint of which the headers are known. CallError where memory does not even hold one step, with what that
 * takes; DataError for a checkpoint that is none of a known network.
 */
export function chooseWeights(
  { config, tensors }: { config: ModelRecipe["config"]; tensors: Record<string, TensorInfo> },
  options: MemoryOptions,
  backend: Target = "wasm",
): WeightPlan {
  const { precision, name } = targetOf(backend);
  const { memory = (totalMemory() ?? Number.POSITIVE_INFINITY) * MEMORY_SHARE, weights = "auto" } = options;
  if (!(memory > 0)) throw new CallError(complaint("memory", "a positive number of bytes", String(memory)));
  const modes = ["resident", "layered", "streaming"] as const;
  if (weights !== "auto" && !modes.includes(weights)) {
    throw new CallError(complaint("weights", `auto, ${modes.join(", ")}`, String(weights)));
  }
  const { architecture } = architectureOf(config);
  const declared = declareWeights(tensors, architecture.tensorTable(config));
  const slots = [...declared.values()];
  const network = architecture.buildNetwork(config, weightsOf(declared));
  const sizes = sizesOf(network, slots, tensors, precision === "f64" ? 8 : 4);
  if (weights !== "auto") return planFor(weights, sizes);
  const readAlready = Object.values(tensors).every((tensor) => "bytes" in tensor);
  const instance = name === "wasm" ? INSTANCE_LIMIT : Number.POSITIVE_INFINITY;
  const plans = (readAlready ? modes.slice(0, 2) : modes).map((mode) => planFor(mode, sizes));
  const fits = plans.find(
    ({ inMemory, onBackend }) => inMemory <= WEIGHTS_SHARE * memory && onBackend <= WEIGHTS_SHARE * instance,
  );
  if (fits) return fits;
  const least = plans[plans.length - 1];
  const need = Math.max(least.inMemory, least.onBackend) / WEIGHTS_SHARE;
  throw new CallError(
    complaint(
      "memory",
      `at least ${mebibytes(need)} for weights that are ${least.mode} (${mebibytes(sizes.step)} of them, ${sizes.stepName}, at once)`,
      mebibytes(Math.min(memory, instance)),
      readAlready
        ? "a folder or Blobs instead of bytes in memory, so that the weights can stay in their files"
        : undefined,
    ),
  );
}

const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;

/** For `openCheckpoint`: whether these weights stay in their files. */
export const staysInFiles =
  (options: MemoryOptions, backend?: Target) =>
  (config: ModelRecipe["config"], tensors: Record<string, TensorInfo>): boolean =>
    chooseWeights({ config, tensors }, options, backend).mode === "streaming";
