/** tokenizer.json of the three kinds, with values replaced; what is loaded has to encode. */
import { loadTokenizer } from "../../../src/text/index.ts";
import { wordPiece } from "../../text/fixtures/wordPiece.ts";
import type { Format } from "./format.ts";
import { chance, type Json, jsonBytes, pick, spoilBytes, spoilJson } from "./spoil.ts";

const letters = ["<s>", "</s>", "a", "b", "ab", "Ġ", "Ġa", "Ġb", "t", "h", "th", "e", "the"];
const added = (content: string, id: number) => ({
  id,
  content,
  special: true,
  normalized: false,
  lstrip: false,
  rstrip: false,
  single_word: false,
});

const byteLevel: Json = {
  version: "1.0",
  truncation: null,
  padding: { pad_id: 0, pad_token: "<s>" },
  added_tokens: [added("<s>", 0), added("</s>", 1)],
  normalizer: {
    type: "Sequence",
    normalizers: [{ type: "NFC" }, { type: "Replace", pattern: { String: "x" }, content: "a" }],
  },
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [
      { type: "Digits", individual_digits: true },
      { type: "Split", pattern: { Regex: "\\p{L}+|\\s+" }, behavior: "Isolated", invert: false },
      { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    ],
  },
  post_processor: {
    type: "RobertaProcessing",
    sep: ["</s>", 1],
    cls: ["<s>", 0],
    trim_offsets: true,
    add_prefix_space: false,
  },
  decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
  model: {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: Object.fromEntries(letters.map((piece, id) => [piece, id])),
    merges: ["a b", ["t", "h"], "th e"],
  },
};
const unigram: Json = {
  version: "1.0",
  added_tokens: [added("<unk>", 0)],
  normalizer: { type: "Precompiled", precompiled_charsmap: null },
  pre_tokenizer: {
    type: "Metaspace",
    replacement: "▁",
    add_prefix_space: true,
    prepend_scheme: "always",
    split: true,
  },
  post_processor: null,
  decoder: { type: "Metaspace", replacement: "▁", add_prefix_space: true },
  model: {
    type: "Unigram",
    unk_id: 0,
    byte_fallback: false,
    vocab: [
      ["<unk>", 0],
      ["▁", -2],
      ["a", -1],
      ["b", -1.5],
      ["ab", -1.2],
    ],
  },
};
const kinds = [byteLevel, wordPiece(), unigram];
const config: Json = {
  tokenizer_class: "PreTrainedTokenizerFast",
  pad_token: "<s>",
  unk_token: { content: "a" },
  do_lower_case: true,
};

export const tokenizer: Format = {
  name: "tokenizer",
  make(random) {
    let json = pick(random, kinds);
    do json = spoilJson(random, json);
    while (chance(random, 0.3));
    const written = jsonBytes(json);
    const files: Record<string, Uint8Array> = {
      "tokenizer.json": chance(random, 0.1) ? spoilBytes(random, written) : written,
    };
    if (chance(random, 0.3)) files["tokenizer_config.json"] = jsonBytes(spoilJson(random, config));
    return {
      bytes: written.length,
      async read() {
        const { encode } = await loadTokenizer(files);
        encode("the ab, a7b Good film");
      },
    };
  },
};
