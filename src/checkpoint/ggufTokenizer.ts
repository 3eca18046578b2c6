/**
 * The tokenizer in a GGUF file's metadata → tokenizer.json: byte-level BPE ("gpt2") with tokens, merges, kinds of tokens and the name of
 * how texts are cut before merging. Other kinds (SentencePiece: "llama") are left to the one who asks for a tokenizer to miss.
 */
import { complaint, DataError } from "../errors.ts";
import type { GgufValue } from "./gguf.ts";
import { metadataOf } from "./ggufModel.ts";

const CONTROL = 3;
const USER_DEFINED = 4;
const CONTRACTIONS = "'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])";
const REST = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

type Json = Record<string, unknown>;

const byteLevel = (useRegex: boolean): Json => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
});
const splitBy = (digits: string): Json => ({
  type: "Sequence",
  pretokenizers: [
    {
      type: "Split",
      pattern: { Regex: `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}${REST}` },
      behavior: "Isolated",
      invert: false,
    },
    byteLevel(false),
  ],
});

/** tokenizer.ggml.pre → how texts are cut. */
const CUTS: Record<
  string,
  { preTokenizer: Json; normalizer?: Json; ignoreMerges?: boolean; begins?: boolean }
> = {
  "gpt-2": { preTokenizer: byteLevel(true) },
  smollm: {
    preTokenizer: {
      type: "Sequence",
      pretokenizers: [{ type: "Digits", individual_digits: true }, byteLevel(true)],
    },
  },
  "llama-bpe": { preTokenizer: splitBy("\\p{N}{1,3}"), ignoreMerges: true, begins: true },
  qwen2: { preTokenizer: splitBy("\\p{N}"), normalizer: { type: "NFC" } },
};

/** undefined where the file has no byte-level BPE; DataError where what it has cannot be right. */
export function ggufTokenizer(name: string, metadata: Map<string, GgufValue>): Json | undefined {
  if (metadata.get("tokenizer.ggml.model") !== "gpt2") return undefined;
  const meta = metadataOf(name, metadata);
  const texts = (key: string) =>
    meta.list(key).map((value) => {
      if (typeof value === "string") return value;
      throw new DataError(
        complaint(`${name}: metadata ${key}`, "a list of texts", `a ${typeof value} in it`),
      );
    });
  const tokens = texts("tokenizer.ggml.tokens");
  const pre = meta.text("tokenizer.ggml.pre", "gpt-2");
  if (!Object.hasOwn(CUTS, pre)) {
    const known = Object.keys(CUTS).join(", ");
    throw new DataError(
      complaint(`${name}: metadata tokenizer.ggml.pre`, known, JSON.stringify(pre.slice(0, 80))),
    );
  }
  const { preTokenizer, normalizer = null, ignoreMerges = false, begins = false } = CUTS[pre];
  const kinds = meta.has("tokenizer.ggml.token_type") ? meta.list("tokenizer.ggml.token_type") : [];
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const added = tokens.flatMap((content, id) => {
    if (kinds[id] !== CONTROL && kinds[id] !== USER_DEFINED) return [];
    const special = kinds[id] === CONTROL;
    return [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }];
  });
  const special = (key: string) => {
    const id = meta.number(key);
    if (tokens[id] !== undefined) return { id, token: tokens[id] };
    throw new DataError(complaint(`${name}: metadata ${key}`, `an id below ${tokens.length}`, String(id)));
  };
  const bos = meta.flag("tokenizer.ggml.add_bos_token", begins) && special("tokenizer.ggml.bos_token_id");
  const padding = meta.has("tokenizer.ggml.padding_token_id") && special("tokenizer.ggml.padding_token_id");
  return {
    version: "1.0",
    truncation: null,
    padding: padding ? { pad_id: padding.id, pad_token: padding.token } : null,
    added_tokens: added,
    normalizer,
    pre_tokenizer: preTokenizer,
    post_processor: bos ? begin(bos) : null,
    decoder: byteLevel(true),
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: ignoreMerges,
      vocab,
      merges: texts("tokenizer.ggml.merges"),
    },
  };
}

function begin({ id, token }: { id: number; token: string }): Json {
  const mark = (type: number) => ({ SpecialToken: { id: token, type_id: type } });
  const text = (which: string, type: number) => ({ Sequence: { id: which, type_id: type } });
  return {
    type: "TemplateProcessing",
    single: [mark(0), text("A", 0)],
    pair: [mark(0), text("A", 0), mark(1), text("B", 1)],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}
