/**
 * Before long work on a graphics processor: one tile of the kernel that is wanted, of the shortest and the median text, there and on
 * the wasm backend. A driver that computes something wrong is found on the texts and the model at hand, and the operation named.
 * Cost: two texts on the processor, the weights widened a layer at a time.
 */
import { DataError } from "../errors.ts";
import { tangentFromRecipe } from "../model/index.ts";
import type { TangentModel } from "../model/types.ts";
import { type EmpiricalNtk, empiricalNtk, estimateKernel } from "../ntk/index.ts";
import type { Backend } from "../numerics/backend.ts";
import { compareOperations, relativeDifference } from "../numerics/compareOperations.ts";
import { createBackend } from "../numerics/index.ts";
import type { LongOptions } from "../progress.ts";
import { type Batch, pickTexts } from "../text/index.ts";

/** What two orders of summation in float32 may leave between them, of the largest entry. */
const SAMPLE_TOLERANCE = 1e-4;
/** Of one operation alone, whose sums are short. */
const OPERATION_TOLERANCE = 1e-5;
/** Operations up to which all outputs are taken; above, their sum over √C. */
const ALL_OUTPUTS = 2e11;

/** Null where the tile and its f₀ agree within the tolerance; else a sentence with what differs by how much. */
export async function checkSampleTile(
  tangent: TangentModel,
  batch: Batch,
  { signal }: LongOptions = {},
): Promise<string | null> {
  const offsets = tangent.offsets(batch);
  const lengths = offsets.subarray(1).map((end, i) => end - offsets[i]);
  const byLength = Array.from(lengths.keys()).sort((a, b) => lengths[a] - lengths[b] || a - b);
  const sample = pickTexts(batch, [...new Set([byLength[0], byLength[byLength.length >> 1]])]);
  const outputs = estimateKernel(tangent, sample).flops < ALL_OUTPUTS ? "full" : "pseudo";
  const options = { outputs, workers: 1, signal } as const;
  // Numbers that are none are refused by the kernel itself: there the twin decides whose fault they are.
  const found = await empiricalNtk(tangent, sample, null, options).catch((error: unknown) => {
    if (error instanceof DataError) return error;
    throw error;
  });
  const trusted = await createBackend("wasm");
  try {
    const { model, readout } = tangent.recipe;
    const mode = model.mode === "streaming" ? "streaming" : "layered";
    const twin = tangentFromRecipe({ model: { ...model, mode }, readout }, trusted);
    const expected = await empiricalNtk(twin, sample, null, options);
    const difference = differenceOf(found, expected);
    return difference && `${difference} (${await blame(tangent.backend, trusted)})`;
  } finally {
    trusted.dispose();
  }
}

function differenceOf(found: EmpiricalNtk | DataError, expected: EmpiricalNtk): string | null {
  if (found instanceof DataError) return found.message;
  const kernel = relativeDifference(found.data, expected.data);
  const f0 = relativeDifference(found.f0.data, expected.f0.data);
  if (kernel <= SAMPLE_TOLERANCE && f0 <= SAMPLE_TOLERANCE) return null;
  return `kernel of ${expected.f0.shape[0]} texts ${differs(kernel)}, f₀ ${differs(f0)}`;
}

/** Which operations are off on their own. */
async function blame(tested: Backend, trusted: Backend): Promise<string> {
  const off = (await compareOperations(tested, trusted)).filter(
    ({ difference }) => !(difference <= OPERATION_TOLERANCE),
  );
  if (off.length === 0) return "each operation alone agrees on a small sample";
  return `wrong alone: ${off.map(({ operation, difference }) => `${operation} ${differs(difference)}`).join(", ")}`;
}

const differs = (by: number) => (Number.isNaN(by) ? "is no number" : `off by ${by.toExponential(1)}`);
