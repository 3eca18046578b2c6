/** Stopping rules for a kernel that exists already: a store of ours, or a bare matrix from any tool. */
import { CallError, complaint } from "../errors.ts";
import type { OpenedKernel } from "../ntk/index.ts";
import type { LongOptions } from "../progress.ts";
import type { StopAnalysis } from "../theory/index.ts";
import { analyse, curvesOf, type TheoryChoice } from "./analyse.ts";
import type { StudyRecord } from "./record.ts";
import { kernelSpectrum } from "./spectrum.ts";
import { ofItsOutput, spreadOverOutputs } from "./variants.ts";

export interface Matrix {
  data: Float64Array;
  shape: number[];
}

export interface StopChoice extends TheoryChoice {
  kernel: OpenedKernel;
  /** (n) or (n × C); absent: those of the store. */
  targets?: Matrix;
  f0?: Matrix;
  seed: number;
}

export type StopReport = StopAnalysis & { curves: StudyRecord["curves"] };

export async function stopForKernel(asked: StopChoice, long: LongOptions = {}): Promise<StopReport> {
  const choice = ofItsOutput(asked);
  const { kernel } = choice;
  const targets = choice.targets ?? kernel.targets;
  if (!targets) {
    throw new CallError(
      complaint("ntkit stop", "targets (n × C) for the kernel", "a matrix without any", "--targets Y.npy"),
    );
  }
  const n = targets.shape[0];
  const outputs = targets.shape.length > 1 ? targets.shape[1] : 1;
  let theta = kernel.kernel;
  const side = Math.round(Math.sqrt(theta.length));
  let cross = kernel.cross;
  if (side === n && outputs > 1) {
    theta = spreadOverOutputs(theta, n, outputs);
    cross = cross && spreadOverOutputs(cross, n, outputs);
  } else if (side !== n * outputs) {
    throw new CallError(
      complaint(
        "ntkit stop",
        `a kernel of side n·C = ${n * outputs} or n = ${n} for targets (${targets.shape.join(", ")})`,
        `side ${side}`,
        "targets with one row an example and one column an output",
      ),
    );
  }
  const f0 = choice.f0 ?? kernel.f0 ?? { data: new Float64Array(n * outputs), shape: [n, outputs] };
  if (f0.data.length !== n * outputs) {
    throw new CallError(
      complaint("--f0", `outputs at the pretrained point, (${n}, ${outputs})`, `(${f0.shape.join(", ")})`),
    );
  }
  const finite = (name: string, values: Float64Array) => {
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0)
      throw new CallError(
        complaint(name, "finite numbers", `${values[at]} at row ${Math.floor(at / outputs)}`),
      );
  };
  finite("--targets", targets.data);
  finite("--f0", f0.data);

  const spectrum = await kernelSpectrum(theta, n, long);
  const holdout =
    cross && kernel.targetsTest && kernel.f0Test
      ? { cross, targets: kernel.targetsTest.data, f0: kernel.f0Test.data }
      : undefined;
  const data = { kernel: theta, spectrum, n, outputs, targets: targets.data, f0: f0.data, holdout };
  const analysis = await analyse(data, choice, long);
  return { ...analysis, curves: curvesOf(data, analysis) };
}
