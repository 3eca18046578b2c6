/**
 * BERT (Devlin et al. 2019) and RoBERTa (Liu et al. 2019), Hugging Face layout: one encoder (encoder.ts), other heads.
 *   BERT     classifier(tanh(pooler h₀)),         words: decoder(norm(a(transform h))) + bias
 *   RoBERTa  out_proj(tanh(dense h₀)),            words: decoder(norm(gelu(dense h))) + bias,  places from row pad id + 1 on
 */

import { complaint, DataError } from "../errors.ts";
import type { ActivationKind } from "../numerics/backend.ts";
import {
  type Config,
  flag,
  isNamed,
  layerCount,
  oneOf,
  positiveInteger,
  positiveNumber,
  wholeNumber,
} from "./config.ts";
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

/** Where the two differ: names, and the first row of the table of places. */
interface Variant {
  prefix: string;
  firstPlace(config: Config): number;
  /** Names of the masked-language head. */
  transform: { dense: string; norm: string; bias: string; decoder: string };
  transformActivation(config: Config): ActivationKind;
  /** Names of what a classifier applies to the first state, and of its last layer. */
  classifier: { dense: string; output: string };
}

const bertVariant: Variant = {
  prefix: "bert.",
  firstPlace: () => 0,
  transform: {
    dense: "cls.predictions.transform.dense",
    norm: "cls.predictions.transform.LayerNorm",
    bias: "cls.predictions.bias",
    decoder: "cls.predictions.decoder.weight",
  },
  transformActivation: (config) => oneOf(config, "hidden_act", ENCODER_ACTIVATIONS, "gelu"),
  classifier: { dense: "pooler.dense", output: "classifier" },
};

const robertaVariant: Variant = {
  prefix: "roberta.",
  firstPlace: (config) => wholeNumber(config, "pad_token_id", 1) + 1,
  transform: {
    dense: "lm_head.dense",
    norm: "lm_head.layer_norm",
    bias: "lm_head.bias",
    decoder: "lm_head.decoder.weight",
  },
  transformActivation: () => "gelu",
  classifier: { dense: "classifier.dense", output: "classifier.out_proj" },
};

function readConfig(config: Config, variant: Variant) {
  oneOf(config, "position_embedding_type", ["absolute"], "absolute");
  if (flag(config, "is_decoder", false)) {
    throw new DataError(complaint("config.json, is_decoder", "false", "true", "an encoder"));
  }
  const { hiddenSize, heads } = readWidth(config, "hidden_size", "num_attention_heads");
  const places = positiveInteger(config, "max_position_embeddings", 512);
  const firstPlace = variant.firstPlace(config);
  if (places <= firstPlace) {
    throw new DataError(
      complaint("config.json, max_position_embeddings", `more than ${firstPlace}`, `${places}`),
    );
  }
  return {
    hiddenSize,
    heads,
    layers: layerCount(config, "num_hidden_layers"),
    innerSize: positiveInteger(config, "intermediate_size"),
    vocabularySize: positiveInteger(config, "vocab_size"),
    tokenTypes: positiveInteger(config, "type_vocab_size", 2),
    places,
    firstPlace,
    contextLength: places - firstPlace,
    epsilon: positiveNumber(config, "layer_norm_eps", 1e-12),
    activation: oneOf(config, "hidden_act", ENCODER_ACTIVATIONS, "gelu"),
    tied: flag(config, "tie_word_embeddings", true),
  };
}

function tableOf(config: Config, variant: Variant): TensorTable {
  const bert = readConfig(config, variant);
  const { hiddenSize: d, vocabularySize: V, innerSize } = bert;
  const { transform, classifier } = variant;
  const layer = (l: number): TensorEntry[] => {
    const at = (name: string) => `encoder.layer.${l}.${name}`;
    return [
      ...denseEntries(at("attention.self.query"), d, d, "attention.q"),
      ...denseEntries(at("attention.self.key"), d, d, "attention.k"),
      ...denseEntries(at("attention.self.value"), d, d, "attention.v"),
      ...denseEntries(at("attention.output.dense"), d, d, "attention.o"),
      ...normEntries(at("attention.output.LayerNorm"), d),
      ...denseEntries(at("intermediate.dense"), innerSize, d, "mlp"),
      ...denseEntries(at("output.dense"), d, innerSize, "mlp"),
      ...normEntries(at("output.LayerNorm"), d),
    ];
  };
  const pooled = classifier.dense.startsWith("pooler");
  const classifies = isNamed(config, "ForSequenceClassification");
  const dense = denseEntries(classifier.dense, d, d, "head");
  const output = denseEntries(classifier.output, -1, d, "head");
  return {
    prefix: variant.prefix,
    entries: [
      { name: "embeddings.word_embeddings.weight", shape: [V, d], group: "embedding" },
      { name: "embeddings.position_embeddings.weight", shape: [bert.places, d], group: "embedding" },
      { name: "embeddings.token_type_embeddings.weight", shape: [bert.tokenTypes, d], group: "embedding" },
      ...normEntries("embeddings.LayerNorm", d),
      ...Array.from({ length: bert.layers }, (_, l) => layer(l)).flat(),
    ],
    parts: [
      // BERT has its pooler without a classifier, too.
      ...(pooled ? [dense, output] : [[...dense, ...output]]).map((entries) => ({
        required: classifies,
        entries,
      })),
      {
        required: isNamed(config, "ForMaskedLM"),
        entries: [
          { name: transform.bias, shape: [V], group: "head" },
          ...denseEntries(transform.dense, d, d, "head"),
          ...normEntries(transform.norm, d),
          ...(bert.tied
            ? []
            : [{ name: transform.decoder, shape: [V, d], group: "head" } satisfies TensorEntry]),
        ],
      },
    ],
    rename: renameOldNorms,
    isBuffer: (name) =>
      !/^(embeddings|encoder)\./.test(name) || /^embeddings\.(position|token_type)_ids$/.test(name),
  };
}

function networkOf(config: Config, weights: ReadonlyMap<string, Weight>, variant: Variant): Network {
  const bert = readConfig(config, variant);
  const { dense, norm } = layersFrom(weights, bert.epsilon);
  const { transform, classifier } = variant;
  const words = weights.get("embeddings.word_embeddings.weight")!;
  const network: Network = {
    sizes: bert,
    parameters: [...weights.values()].map((weight) => weight.parameter),
    embedding: {
      words,
      places: weights.get("embeddings.position_embeddings.weight")!,
      firstPlace: bert.firstPlace,
      types: weights.get("embeddings.token_type_embeddings.weight")!,
    },
    stages: [
      layerNorm.stage("embedding norm", norm("embeddings.LayerNorm")),
      ...Array.from({ length: bert.layers }, (_, l) => {
        const at = (name: string) => `encoder.layer.${l}.${name}`;
        const block = {
          query: dense(at("attention.self.query")),
          key: dense(at("attention.self.key")),
          value: dense(at("attention.self.value")),
          output: dense(at("attention.output.dense")),
          norm1: norm(at("attention.output.LayerNorm")),
          mlp: {
            up: dense(at("intermediate.dense")),
            down: dense(at("output.dense")),
            activation: bert.activation,
          },
          norm2: norm(at("output.LayerNorm")),
        };
        return encoderBlock(`layer ${l}`, block, bert.hiddenSize / bert.heads);
      }),
    ],
  };
  if (weights.has(transform.bias)) {
    network.words = bert.tied ? words : weights.get(transform.decoder)!;
    network.masked = {
      transform: {
        dense: dense(transform.dense),
        activation: variant.transformActivation(config),
        norm: norm(transform.norm),
      },
      bias: weights.get(transform.bias)!,
    };
  }
  const output = dense(classifier.output);
  if (output.weight && weights.has(`${classifier.dense}.weight`)) {
    network.classifier = {
      pool: "first",
      transform: { dense: dense(classifier.dense), activation: "tanh" },
      output,
    };
  }
  return network;
}

/** One of the two as architectures.ts wants it. */
const family = (variant: Variant) => ({
  tensorTable: (config: Config) => tableOf(config, variant),
  buildNetwork: (config: Config, weights: ReadonlyMap<string, Weight>) => networkOf(config, weights, variant),
});

export const bert = family(bertVariant);
export const roberta = family(robertaVariant);
