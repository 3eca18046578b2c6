/**
 * Label words scored by the language model: f_ik = z_i · words[labelIds[k]] + bias[labelIds[k]], z_i the final state at the last
 * real position or, in masked-language models, the transformed state at the mask; only those have a bias. Nothing is fresh.
 * Where the output words are the embedding's own table, its rows are used twice, here and at the input.
 */
import { CallError, complaint, DataError } from "../../errors.ts";
import type { Backend, DeviceTensor } from "../../numerics/backend.ts";
import { type WordUse, wordTap } from "../layers/embedding.ts";
import * as pooling from "../layers/pool.ts";
import * as transforming from "../layers/transform.ts";
import { addTangents, type Network, type Pass, type Weight } from "../network.ts";
import type { PackedBatch } from "../packing.ts";
import { addVector, timesTangent } from "../stackedTangents.ts";
import type { ReadoutSpec } from "../types.ts";
import type { Readout } from "./readout.ts";

type PromptSpec = Extract<ReadoutSpec, { kind: "prompt" }>;

/** Throws CallError on an unfit spec; its methods, DataError on a text without exactly one mask token. */
export function promptReadout(
  spec: PromptSpec,
  { embedding, sizes, masked }: Network,
  words: Weight,
): Readout {
  checkLabels(spec.labelIds, sizes.vocabularySize);
  checkPlaces(spec, masked !== undefined);
  const labelIds = Int32Array.from(spec.labelIds);
  const C = labelIds.length;
  const tied = words === embedding.words;
  const transformParameters = masked ? transforming.parametersOf(masked.transform) : [];

  const labelRows = (pass: Pass) => pass.weights.rows(words, labelIds); // (C × d)
  /** The vector as a table of words one number wide. */
  const labelBiases = (backend: Backend, bias: DeviceTensor) =>
    backend.gatherRows(backend.add(backend.zeros([bias.size, 1]), bias), backend.upload(labelIds, [C])); // (C × 1)
  const score = (backend: Backend, z: DeviceTensor, rows: DeviceTensor, bias?: DeviceTensor) =>
    backend.matmul(z, rows, { transposeB: true, bias: bias && labelBiases(backend, bias) }); // (n × C)

  /** z (n × d), with what its derivatives need. */
  function states(pass: Pass, hidden: DeviceTensor) {
    const place = readingPlaces(spec, pass.packed);
    const pooled = pooling.forward(pass, place, hidden);
    if (!masked) return { place, z: pooled, saved: null };
    const made = transforming.forward(pass, masked.transform, pooled);
    return { place, z: made.output, saved: made.saved };
  }

  return {
    outputs: C,
    own: [],
    recipe: { ...spec, labelIds: [...labelIds] },
    isConstant: false,
    needs: {
      whole: masked ? [...transformParameters, masked.bias.parameter] : [],
      rows: [{ weight: words, ids: labelIds }],
    },
    forward: (pass, hidden) =>
      score(pass.backend, states(pass, hidden).z, labelRows(pass), masked?.bias.value),
    vjp(wholePass, hidden, U, needHidden) {
      const pass = pooling.afterPooling(wholePass);
      const { backend } = pass;
      const { place, z, saved } = states(pass, hidden);
      let use: WordUse | null = null;
      if (pass.wants(words.parameter)) use = { labelIds, states: z, cotangent: U };
      if (use && !tied) {
        pass.taps.push(wordTap(pass, words.parameter, null, use));
        use = null;
      }
      if (masked && pass.wants(masked.bias.parameter)) {
        // The bias is a table of words one number wide, whose state is 1.
        const one = backend.upload(new Float64Array(pass.packed.n).fill(1), [pass.packed.n, 1]);
        pass.taps.push(wordTap(pass, masked.bias.parameter, null, { labelIds, states: one, cotangent: U }));
      }
      if (!needHidden && !transformParameters.some(pass.wants)) return { d: null, use };
      const dz = backend.matmul(U, labelRows(pass));
      const dPooled = masked ? transforming.vjp(pass, masked.transform, saved!, dz, needHidden) : dz;
      return { d: needHidden ? pooling.vjp(pass, place, dPooled!) : null, use };
    },
    jvp(pass, hidden, hiddenDot) {
      const { backend } = pass;
      const { place, z, saved } = states(pass, hidden);
      const pooledDot = hiddenDot && pooling.forward(pass, place, hiddenDot);
      const zDot = masked ? transforming.jvp(pass, masked.transform, saved!, pooledDot) : pooledDot;
      const wordsDot = pass.tangentRows(words, labelIds);
      const biasDot = masked ? pass.tangentRows(masked.bias, labelIds) : null;
      const moved = addTangents(
        backend,
        zDot && score(backend, zDot, labelRows(pass)),
        wordsDot && timesTangent(pass, z, wordsDot),
      );
      return biasDot ? addVector(pass, moved, biasDot, pass.packed.n) : moved;
    },
  };
}

/** Where each text is read. */
function readingPlaces(
  { at: ofReadout, maskId }: PromptSpec,
  { n, ids, offsets, readAt }: PackedBatch,
): pooling.Place {
  const at = readAt ?? ofReadout;
  if (at) {
    const name = readAt ? "batch.readAt" : "readout prompt, at";
    if (at.length !== n) throw new CallError(complaint(name, `${n} places, one a text`, `${at.length}`));
    at.forEach((place, i) => {
      const length = offsets[i + 1] - offsets[i];
      if (Number.isInteger(place) && place >= 0 && place < length) return;
      throw new CallError(complaint(`${name}[${i}]`, `a place from 0 to ${length - 1}`, `${place}`));
    });
    return Int32Array.from(at);
  }
  if (maskId === undefined) return "last";
  return Int32Array.from({ length: n }, (_, i) => {
    const text = ids.subarray(offsets[i], offsets[i + 1]);
    const place = text.indexOf(maskId);
    if (place >= 0 && place === text.lastIndexOf(maskId)) return place;
    throw new DataError(
      complaint(
        `text ${i}`,
        `exactly one mask token (id ${maskId})`,
        `${text.filter((id) => id === maskId).length} in ${text.length} tokens`,
        "one {mask} in the template, and texts short enough not to lose it",
      ),
    );
  });
}

function checkPlaces({ at, maskId }: PromptSpec, masked: boolean): void {
  if (masked && at === undefined && maskId === undefined) {
    throw new CallError(
      complaint(
        "readout prompt",
        "maskId or at, for a masked-language model",
        "neither",
        "the mask token's id",
      ),
    );
  }
  if (!masked && (at !== undefined || maskId !== undefined)) {
    throw new CallError(
      complaint("readout prompt", "neither maskId nor at, for a model that reads on", at ? "at" : "maskId"),
    );
  }
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
