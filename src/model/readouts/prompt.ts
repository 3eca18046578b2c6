/**
 * Label words scored by the language model: f_ik = h_i · words[labelIds[k]], h_i the final state at the last real position.
 * Nothing is fresh. Where the output words are the embedding's own table, its rows are used twice, here and at the input.
 */
import { CallError, complaint } from "../../errors.ts";
import type { Backend, DeviceTensor } from "../../numerics/backend.ts";
import { type WordUse, wordTap } from "../layers/embedding.ts";
import * as pooling from "../layers/pool.ts";
import { addTangents, type Network, type Pass } from "../network.ts";
import type { ReadoutSpec } from "../types.ts";
import type { Readout } from "./readout.ts";

type PromptSpec = Extract<ReadoutSpec, { kind: "prompt" }>;

export function promptReadout(spec: PromptSpec, { words, embedding, sizes }: Network): Readout {
  checkLabels(spec.labelIds, sizes.vocabularySize);
  const labelIds = Int32Array.from(spec.labelIds);
  const C = labelIds.length;
  const tied = words === embedding.words;

  const labelRows = (backend: Backend, table: DeviceTensor) =>
    backend.gatherRows(table, backend.upload(labelIds, [C])); // (C × d)
  const last = (pass: Pass, rows: DeviceTensor) => pooling.forward(pass, "last", rows); // (n × d)
  const score = (backend: Backend, states: DeviceTensor, table: DeviceTensor) =>
    backend.matmul(states, labelRows(backend, table), { transposeB: true }); // (n × C)

  return {
    outputs: C,
    own: [],
    recipe: { kind: "prompt", labelIds: [...labelIds] },
    isConstant: false,
    forward: (pass, hidden) => score(pass.backend, last(pass, hidden), words.value),
    vjp(pass, hidden, U, needHidden) {
      const { backend } = pass;
      let use: WordUse | null = null;
      if (pass.wants(words.parameter)) use = { labelIds, states: last(pass, hidden), cotangent: U };
      if (use && !tied) {
        pass.taps.push(wordTap(pass, words.parameter, null, use));
        use = null;
      }
      const d = needHidden
        ? pooling.vjp(pass, "last", backend.matmul(U, labelRows(backend, words.value)))
        : null;
      return { d, use };
    },
    jvp(pass, hidden, hiddenDot) {
      const { backend } = pass;
      const wordsDot = pass.tangent(words);
      return addTangents(
        backend,
        hiddenDot && score(backend, last(pass, hiddenDot), words.value),
        wordsDot && score(backend, last(pass, hidden), wordsDot),
      );
    },
  };
}

function checkLabels(labelIds: readonly number[], vocabulary: number): void {
  if (labelIds.length === 0) {
    throw new CallError(complaint("readout prompt, labelIds", "at least one token id", "none"));
  }
  for (const id of labelIds) {
    if (!Number.isInteger(id) || id < 0 || id >= vocabulary) {
      throw new CallError(
        complaint("readout prompt, labelIds", `token ids from 0 to ${vocabulary - 1}`, `${id}`),
      );
    }
  }
}
