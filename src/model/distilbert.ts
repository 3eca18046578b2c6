/**
 * DistilBERT (Sanh et al. 2019), Hugging Face layout: BERT's encoder (encoder.ts) under other names, without token types.
 *   classifier(relu(pre_classifier h₀)),  words: vocab_projector(norm(a(vocab_transform h))) + bias
 */
import { type Config, flag, isNamed, layerCount, oneOf, positiveInteger } from "./config.ts";
import {
  denseEntries,
  ENCODER_ACTIVATIONS,
  encoderBlock,
  layersFrom,
  normEntries,
  readWidth,
  renameOldNorms,
} from "./encoder.ts";
import * as layerNorm from "./layers/layerNorm.ts";
import type { Network, Weight } from "./network.ts";
import type { TensorEntry, TensorTable } from "./weights.ts";

/** The same for every checkpoint: config.json does not name it. */
const EPSILON = 1e-12;

function readConfig(config: Config) {
  const hiddenSize = positiveInteger(config, "dim");
  return {
    ...readWidth(config, "dim", "n_heads"),
    layers: layerCount(config, "n_layers"),
    innerSize: positiveInteger(config, "hidden_dim", 4 * hiddenSize),
    vocabularySize: positiveInteger(config, "vocab_size"),
    contextLength: positiveInteger(config, "max_position_embeddings", 512),
    activation: oneOf(config, "activation", ENCODER_ACTIVATIONS, "gelu"),
    tied: flag(config, "tie_word_embeddings", true),
  };
}

export function tensorTable(config: Config): TensorTable {
  const distil = readConfig(config);
  const { hiddenSize: d, vocabularySize: V, innerSize } = distil;
  const layer = (l: number): TensorEntry[] => {
    const at = (name: string) => `transformer.layer.${l}.${name}`;
    return [
      ...denseEntries(at("attention.q_lin"), d, d, "attention.q"),
      ...denseEntries(at("attention.k_lin"), d, d, "attention.k"),
      ...denseEntries(at("attention.v_lin"), d, d, "attention.v"),
      ...denseEntries(at("attention.out_lin"), d, d, "attention.o"),
      ...normEntries(at("sa_layer_norm"), d),
      ...denseEntries(at("ffn.lin1"), innerSize, d, "mlp"),
      ...denseEntries(at("ffn.lin2"), d, innerSize, "mlp"),
      ...normEntries(at("output_layer_norm"), d),
    ];
  };
  return {
    prefix: "distilbert.",
    entries: [
      { name: "embeddings.word_embeddings.weight", shape: [V, d], group: "embedding" },
      { name: "embeddings.position_embeddings.weight", shape: [distil.contextLength, d], group: "embedding" },
      ...normEntries("embeddings.LayerNorm", d),
      ...Array.from({ length: distil.layers }, (_, l) => layer(l)).flat(),
    ],
    parts: [
      {
        required: isNamed(config, "ForSequenceClassification"),
        entries: [
          ...denseEntries("pre_classifier", d, d, "head"),
          ...denseEntries("classifier", -1, d, "head"),
        ],
      },
      {
        required: isNamed(config, "ForMaskedLM"),
        entries: [
          ...denseEntries("vocab_transform", d, d, "head"),
          ...normEntries("vocab_layer_norm", d),
          { name: "vocab_projector.bias", shape: [V], group: "head" },
          ...(distil.tied
            ? []
            : [{ name: "vocab_projector.weight", shape: [V, d], group: "head" } satisfies TensorEntry]),
        ],
      },
    ],
    rename: renameOldNorms,
    isBuffer: (name) => !/^(embeddings|transformer)\./.test(name) || name === "embeddings.position_ids",
  };
}

export function buildNetwork(config: Config, weights: ReadonlyMap<string, Weight>): Network {
  const distil = readConfig(config);
  const { dense, norm } = layersFrom(weights, EPSILON);
  const words = weights.get("embeddings.word_embeddings.weight")!;
  const network: Network = {
    sizes: distil,
    parameters: [...weights.values()].map((weight) => weight.parameter),
    embedding: { words, places: weights.get("embeddings.position_embeddings.weight")! },
    stages: [
      layerNorm.stage("embedding norm", norm("embeddings.LayerNorm")),
      ...Array.from({ length: distil.layers }, (_, l) => {
        const at = (name: string) => `transformer.layer.${l}.${name}`;
        const block = {
          query: dense(at("attention.q_lin")),
          key: dense(at("attention.k_lin")),
          value: dense(at("attention.v_lin")),
          output: dense(at("attention.out_lin")),
          norm1: norm(at("sa_layer_norm")),
          mlp: { up: dense(at("ffn.lin1")), down: dense(at("ffn.lin2")), activation: distil.activation },
          norm2: norm(at("output_layer_norm")),
        };
        return encoderBlock(`layer ${l}`, block, distil.hiddenSize / distil.heads);
      }),
    ],
  };
  if (weights.has("vocab_projector.bias")) {
    network.words = distil.tied ? words : weights.get("vocab_projector.weight")!;
    network.masked = {
      transform: {
        dense: dense("vocab_transform"),
        activation: distil.activation,
        norm: norm("vocab_layer_norm"),
      },
      bias: weights.get("vocab_projector.bias")!,
    };
  }
  if (weights.has("classifier.weight")) {
    network.classifier = {
      pool: "first",
      transform: { dense: dense("pre_classifier"), activation: "relu" },
      output: dense("classifier"),
    };
  }
  return network;
}
