/**
 * Words → token ids, by a model's own tokenizer.json (byte-level BPE, WordPiece, Unigram …), through @huggingface/tokenizers.
 * What that library would get wrong without a word is refused here; cutting and padding, which it lacks, are in tokenize.ts.
 */
import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { DataError } from "../errors.ts";
import {
  asObject,
  type FileMap,
  type FolderOptions,
  fileSource,
  isHubName,
  openFolder,
  parseJson,
  readAll,
} from "../runtime/index.ts";

export interface Tokenizer {
  /** Ids of a text, without special tokens. */
  encode(text: string): number[];
  /** How the vocabulary spells an id ("Ġthe", "##ing"). */
  piece(id: number): string;
  /** Where one text, or two, and the special tokens around them go. */
  readonly single: readonly Slot[];
  readonly pair: readonly Slot[];
  /** Whether the model tells the two texts apart by token types. */
  readonly typed: boolean;
  readonly padId: number;
  /** What masked-language models read at; null where there is none. */
  readonly mask: { token: string; id: number } | null;
  /** What stands for words outside the vocabulary; absent where everything can be spelled. */
  readonly unknownId?: number;
}

/** A place in the sequence: the first text, the second, or one special token. */
export type Slot = { kind: "first" | "second"; type: number } | { kind: "special"; id: number; type: number };

type Json = Record<string, unknown>;

/** What is used of the library, whose own types do not resolve under nodenext. */
interface Engine {
  encode(
    text: string,
    options: { add_special_tokens: boolean },
  ): { ids: (number | undefined)[]; tokens: string[] };
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
  post_processor: {
    post_process(
      first: string[],
      second: string[] | null,
      addSpecialTokens: boolean,
    ): { tokens: string[]; tokens_pair?: string[]; token_type_ids?: number[] };
  } | null;
}

/**
 * What tokenizers come from: a folder or its tokenizer.json, hub:owner/name, a map of name → bytes, or parsed files (a Checkpoint has
 * them).
 */
export type TokenizerSource = string | FileMap | { tokenizerJson?: Json; tokenizerConfig?: Json };

/**
 * CallError for a path that is not there; DataError for a folder without tokenizer.json, unreadable JSON, or a kind of
 * tokenizer whose ids would differ from those the model was trained with.
 */
export async function loadTokenizer(
  source: TokenizerSource,
  options: FolderOptions = {},
): Promise<Tokenizer> {
  const { tokenizerJson, tokenizerConfig, name } = await readParts(source, options);
  if (!tokenizerJson)
    throw new DataError(
      `${name}: expected a tokenizer.json, or a byte-level BPE in a .gguf file, got none; models need their own (a SentencePiece tokenizer inside a .gguf file is not read: use the model's folder in Hugging Face layout)`,
    );
  const where = `${name}: tokenizer.json`;
  refuseUnfaithful(tokenizerJson["normalizer"], where);
  refuseUnfaithful(tokenizerJson["pre_tokenizer"], where);
  const { engine, single, pair } = following(where, () => {
    const made: Engine = new HuggingFaceTokenizer(tokenizerJson, tokenizerConfig ?? {});
    const [one, two] = [false, true].map((both) => layout(made, both, tokenizerJson, where));
    return { engine: made, single: one, pair: two };
  });
  return {
    encode: (text) => following(where, () => encode(engine, text)),
    piece: (id) => engine.id_to_token(id) ?? `#${id}`,
    single: single.slots,
    pair: pair.slots,
    typed: pair.typed,
    padId: padId(engine, tokenizerJson, tokenizerConfig),
    mask: maskToken(engine, tokenizerJson, tokenizerConfig),
    unknownId: unknownId(engine, tokenizerJson),
  };
}

/** Where the library cannot follow a file it throws whatever comes: an error that names the file, here. */
function following<T>(where: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${where}: cannot be used: ${(error as Error).message}`);
  }
}

async function readParts(source: TokenizerSource, options: FolderOptions) {
  if (typeof source === "string" && source.endsWith(".json") && !isHubName(source)) {
    const file = await fileSource(source);
    return { name: source, tokenizerJson: asObject(parseJson(await readAll(file), source), source) };
  }
  if (typeof source !== "string" && !isFileMap(source)) return { name: "tokenizer", ...source };
  const folder = await openFolder(source, "tokenizer.json", options);
  const read = async (file: string) => {
    if (!folder.has(file)) return undefined;
    const found = await folder.open(file);
    return asObject(parseJson(await readAll(found), found.name), found.name);
  };
  return {
    name: folder.name,
    tokenizerJson: await read("tokenizer.json"),
    tokenizerConfig: await read("tokenizer_config.json"),
  };
}

function isFileMap(source: object): source is FileMap {
  return Object.values(source).every(
    (value) => value instanceof Blob || value instanceof ArrayBuffer || value instanceof Uint8Array,
  );
}

/**
 * The library splits by a pattern in two ways only, and takes runs of punctuation as one piece. A tokenizer that asks for
 * another way, or by a pattern it does not know, would be given other ids, silently.
 */
function refuseUnfaithful(step: unknown, where: string): void {
  const { type, behavior, invert, pattern, pretokenizers, normalizers } = (step ?? {}) as Json;
  for (const parts of [pretokenizers, normalizers])
    if (Array.isArray(parts)) for (const part of parts) refuseUnfaithful(part, where);
  const { Regex, String: text } = (pattern ?? {}) as Json;
  if ((type === "Split" || type === "Replace") && typeof (Regex ?? text) !== "string") {
    throw new DataError(
      `${where}: expected a pattern of ${type}, {"Regex": …} or {"String": …}, got another`,
    );
  }
  const known = type === "Punctuation" ? ["contiguous"] : invert ? ["removed"] : ["removed", "isolated"];
  const way = behavior ?? "isolated";
  const asked = typeof way === "string" ? way.toLowerCase() : "no word";
  if ((type === "Split" || type === "Punctuation") && !known.includes(asked)) {
    throw new DataError(
      `${where}: expected a ${type} pre-tokenizer with behavior ${known.join(" or ")}, got ${asked}${invert ? ", inverted" : ""}; its ids would not be those of the model`,
    );
  }
}

function encode(engine: Engine, text: string): number[] {
  const { ids, tokens } = engine.encode(text, { add_special_tokens: false });
  return ids.map((id, i) => {
    if (id !== undefined) return id;
    throw new DataError(
      `tokenizer: the piece ${tokens[i]} is not in the vocabulary, which has no unknown token`,
    );
  });
}

// Stand-ins for the two texts, which no vocabulary has: what the post-processor puts around them is the layout.
const FIRST = "\u0000first";
const SECOND = "\u0000second";

function layout(engine: Engine, two: boolean, json: Json, where: string): { slots: Slot[]; typed: boolean } {
  const texts = two ? [FIRST, SECOND] : [FIRST];
  const processed = engine.post_processor?.post_process([FIRST], two ? [SECOND] : null, true);
  // A post-processor that adds nothing (ByteLevel) hands the two back side by side.
  const tokens = processed ? [...processed.tokens, ...(processed.tokens_pair ?? [])] : texts;
  // The Python and Rust libraries give RoBERTa no token types, this one gives it 1 for the second text.
  const roberta = JSON.stringify(json["post_processor"] ?? null).includes('"RobertaProcessing"');
  const types = roberta ? undefined : processed?.token_type_ids;
  const slots = tokens.map((token, i): Slot => {
    const type = types?.[i] ?? 0;
    if (token === FIRST) return { kind: "first", type };
    if (token === SECOND) return { kind: "second", type };
    const id = engine.token_to_id(token);
    if (id === undefined) throw new DataError(`${where}: the special token ${token} has no id`);
    return { kind: "special", id, type };
  });
  return { slots, typed: types !== undefined };
}

/** Named by the files, else 0: padding is masked, so any id in the vocabulary serves. */
function padId(engine: Engine, json: Json, config: Json | undefined): number {
  const padding = json["padding"] as { pad_id?: unknown } | null | undefined;
  if (typeof padding?.pad_id === "number") return padding.pad_id;
  const content = named(config, "pad_token");
  return (content === undefined ? undefined : engine.token_to_id(content)) ?? 0;
}

/** A token that tokenizer_config.json names, as a word or as an object. */
function named(config: Json | undefined, key: string): string | undefined {
  const token = config?.[key] as string | { content?: unknown } | null | undefined;
  const content = typeof token === "object" ? token?.content : token;
  return typeof content === "string" ? content : undefined;
}

/** Named by tokenizer_config.json, else the added token that is usually called so. */
function maskToken(engine: Engine, json: Json, config: Json | undefined): Tokenizer["mask"] {
  const added = Array.isArray(json["added_tokens"]) ? (json["added_tokens"] as { content?: unknown }[]) : [];
  const usual = ["[MASK]", "<mask>"].find((token) => added.some((entry) => entry?.content === token));
  const token = named(config, "mask_token") ?? usual;
  const id = token === undefined ? undefined : engine.token_to_id(token);
  return token === undefined || id === undefined ? null : { token, id };
}

function unknownId(engine: Engine, json: Json): number | undefined {
  const { unk_token: token, unk_id: id } = (json["model"] ?? {}) as Json;
  if (typeof id === "number") return id;
  return typeof token === "string" ? engine.token_to_id(token) : undefined;
}
