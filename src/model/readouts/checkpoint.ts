/** The classifier stored in the checkpoint: f_i = W·z_i + b, z_i the pooled final state or its transform. Nothing is fresh. */
import type { DeviceTensor } from "../../numerics/backend.ts";
import * as linear from "../layers/linear.ts";
import * as pooling from "../layers/pool.ts";
import * as transforming from "../layers/transform.ts";
import type { Classifier, Pass } from "../network.ts";
import type { Readout } from "./readout.ts";

export function checkpointReadout({ pool, transform, output }: Classifier): Readout {
  const transformParameters = transform ? transforming.parametersOf(transform) : [];

  /** z (n × d), with what its derivatives need. */
  function states(pass: Pass, hidden: DeviceTensor) {
    const pooled = pooling.forward(pass, pool, hidden);
    if (!transform) return { z: pooled, saved: null };
    const made = transforming.forward(pass, transform, pooled);
    return { z: made.output, saved: made.saved };
  }

  return {
    outputs: output.weight.parameter.shape[0],
    own: [],
    recipe: { kind: "checkpoint" },
    isConstant: false,
    needs: { whole: [...transformParameters, ...linear.parametersOf(output)] },
    forward: (pass, hidden) => linear.forward(pass, output, states(pass, hidden).z),
    vjp(wholePass, hidden, U, needHidden) {
      const pass = pooling.afterPooling(wholePass);
      const { z, saved } = states(pass, hidden);
      linear.taps(pass, output, z, U);
      if (!needHidden && !transformParameters.some(pass.wants)) return { d: null, use: null };
      const dz = linear.vjp(pass, output, U);
      const dPooled = transform ? transforming.vjp(pass, transform, saved!, dz, needHidden) : dz;
      return { d: needHidden ? pooling.vjp(pass, pool, dPooled!) : null, use: null };
    },
    jvp(pass, hidden, hiddenDot) {
      const { z, saved } = states(pass, hidden);
      const pooledDot = hiddenDot && pooling.forward(pass, pool, hiddenDot);
      const zDot = transform ? transforming.jvp(pass, transform, saved!, pooledDot) : pooledDot;
      return linear.jvp(pass, output, z, zDot);
    },
  };
}
