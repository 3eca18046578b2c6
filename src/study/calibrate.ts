/**
 * Outputs at the pretrained point, with or without their common offset. Prompt readouts start with a large one (theory.md §7);
 * calibration subtracts the mean of f₀ over the training texts, output by output, from training and test outputs alike: a
 * constant added to f, so the kernel does not change.
 */
export interface InitialOutputs {
  f0: Float64Array; // (n × C)
  f0Test: Float64Array | null; // (n_test × C)
}

export function calibrate(
  blocks: { f0: Float64Array; f0Test: Float64Array | null },
  outputs: number,
  subtract: boolean,
): InitialOutputs {
  if (!subtract) return { f0: blocks.f0, f0Test: blocks.f0Test };
  const mean = new Float64Array(outputs);
  for (let i = 0; i < blocks.f0.length; i++) mean[i % outputs] += blocks.f0[i];
  const n = blocks.f0.length / outputs;
  const shifted = (f: Float64Array) => f.map((value, i) => value - mean[i % outputs] / n);
  return { f0: shifted(blocks.f0), f0Test: blocks.f0Test && shifted(blocks.f0Test) };
}
