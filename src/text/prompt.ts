/**
 * Classification as the model's own word: a template around the text, and words that stand for the classes. A model that reads on
 * says what comes next ("{text} It was"); a masked-language model, what stands at the mask ("{text} It was {mask}.").
 */
import { CallError, complaint, DataError } from "../errors.ts";
import type { Batch } from "./batch.ts";
import { share, tokenize } from "./tokenize.ts";
import type { Tokenizer } from "./tokenizer.ts";

export interface Template {
  source: string;
  /** What stands between placeholders, and these: "{text}", "{pair}", "{mask}". */
  pieces: string[];
  masked: boolean;
}

const PLACEHOLDERS = /(\{(?:text|pair|mask)\})/;
const isPlaceholder = (piece: string) => PLACEHOLDERS.test(piece);

/**
 * Throws CallError for a template without {text}; one with a {mask} for a model that reads on, or without exactly one for a
 * masked-language model; one with {pair} where there are no second texts, or without where there are.
 */
export function readTemplate(
  source: string,
  { masked, pairs }: { masked: boolean; pairs: boolean },
): Template {
  const pieces = source.split(PLACEHOLDERS).filter((piece) => piece !== "");
  const count = (placeholder: string) => pieces.filter((piece) => piece === placeholder).length;
  const wrong = (expected: string, hint?: string) =>
    new CallError(complaint("template", expected, JSON.stringify(source), hint));
  if (count("{text}") === 0) throw wrong("{text} somewhere in it");
  if (masked && count("{mask}") !== 1) {
    throw wrong(
      "exactly one {mask}, as this model is a masked-language model",
      'a template like "{text} It was {mask}."',
    );
  }
  if (!masked && count("{mask}") > 0) {
    throw wrong("no {mask}, as this model reads on from left to right", 'one like "{text} It was"');
  }
  if (pairs && count("{pair}") === 0) throw wrong("{pair} somewhere in it, as the data has second texts");
  if (!pairs && count("{pair}") > 0) throw wrong("no {pair}, as the data has no second texts", "--text-pair");
  return { source, pieces, masked };
}

/** The template with its placeholders filled in, all at once: what the texts hold is not looked at. */
export function applyTemplate(
  { pieces }: Pick<Template, "pieces">,
  { text, pair = "", mask = "" }: { text: string; pair?: string; mask?: string },
): string {
  const values: Record<string, string> = { "{text}": text, "{pair}": pair, "{mask}": mask };
  return pieces.map((piece) => values[piece] ?? piece).join("");
}

/** The tokenizer's mask token. DataError where it has none. */
export function maskOf({ mask }: Tokenizer): NonNullable<Tokenizer["mask"]> {
  if (mask) return mask;
  throw new DataError(
    complaint(
      "tokenizer",
      "a mask token for a masked-language model",
      "none",
      "the mask_token of tokenizer_config.json",
    ),
  );
}

/**
 * Texts in their template → a batch. Where one is longer than maxLength, the text is cut (of a pair the longer one), at the end
 * of a word where there is one, and never the template: what comes after the text is where the model is read.
 * DataError for a text that holds the mask token itself; CallError for a maxLength without room for the template and a token.
 */
export function tokenizePrompts(
  tokenizer: Tokenizer,
  template: Template,
  texts: readonly string[],
  { maxLength, pairs }: { maxLength: number; pairs?: readonly string[] },
): Batch {
  const mask = template.masked ? maskOf(tokenizer) : null;
  const dress = (text: string, pair?: string) => applyTemplate(template, { text, pair, mask: mask?.token });
  const length = (text: string) => tokenizer.encode(text).length;
  const special = tokenizer.single.filter((slot) => slot.kind === "special").length;
  const frame = length(dress("", ""));
  const room = maxLength - special;
  if (room - frame < (pairs ? 2 : 1)) {
    throw new CallError(
      complaint(
        "--max-length",
        `room for text beside the template's ${frame} tokens and ${special} special ones`,
        `${maxLength}`,
      ),
    );
  }
  const truncated = { texts: 0, tokens: 0 };
  const prompts = texts.map((text, i) => {
    const whole = dress(text, pairs?.[i]);
    const before = length(whole);
    if (before <= room) return whole;
    const cut = pairs
      ? cutPair(text, pairs[i], { dress, length, room, frame })
      : dress(longestPrefix(text, (prefix) => length(dress(prefix)) <= room));
    truncated.texts++;
    truncated.tokens += before - length(cut);
    return cut;
  });
  const batch = { ...tokenize(tokenizer, prompts, { maxLength }), truncated };
  if (mask) checkMasks(batch, mask);
  return batch;
}

interface Fit {
  dress(text: string, pair: string): string;
  length(text: string): number;
  room: number;
  frame: number;
}

/** Both within their shares of the room; less, where pieces run together with the template into more tokens. */
function cutPair(text: string, pair: string, { dress, length, room, frame }: Fit): string {
  for (let budget = room - frame; budget > 0; budget--) {
    const [first, second] = share(length(text), length(pair), budget);
    const [a, b] = [
      longestPrefix(text, (prefix) => length(prefix) <= first),
      longestPrefix(pair, (prefix) => length(prefix) <= second),
    ];
    const cut = dress(a, b);
    if (length(cut) <= room) return cut;
  }
  return dress("", "");
}

/** The longest beginning of `text` that fits, cut back to the end of a word where it holds a whole one. */
function longestPrefix(text: string, fits: (prefix: string) => boolean): string {
  if (fits(text)) return text;
  const letters = [...text];
  const prefix = (count: number) => letters.slice(0, count).join("");
  let [most, tooMany] = [0, letters.length];
  while (tooMany - most > 1) {
    const middle = (most + tooMany) >> 1;
    if (fits(prefix(middle))) most = middle;
    else tooMany = middle;
  }
  const cut = prefix(most);
  const words = /\s/.test(letters[most]) ? cut : cut.replace(/\s\S*$/, "");
  // Fewer letters are fewer tokens as a rule, and no law.
  return (fits(words) ? words : cut).trimEnd();
}

/** Each text has the template's mask, and no other. */
function checkMasks({ inputIds, shape: [n, T] }: Batch, { id, token }: { id: number; token: string }): void {
  for (let i = 0; i < n; i++) {
    const count = inputIds.subarray(i * T, (i + 1) * T).filter((other) => other === id).length;
    if (count === 1) continue;
    throw new DataError(
      complaint(
        `row ${i + 1}`,
        `one ${token} in the prompt, the template's`,
        `${count}`,
        count > 1
          ? "texts without the mask token"
          : "a tokenizer.json that has the mask among its added_tokens",
      ),
    );
  }
}

/**
 * The one token that each label word is where the template has it said: next, or at the mask, after a space where there is one.
 * DataError for words of several tokens (all named, with their pieces), words outside the vocabulary and words that share a token.
 */
export function labelTokens(tokenizer: Tokenizer, template: Template, words: readonly string[]): number[] {
  const { pieces, masked } = template;
  const at = masked ? pieces.indexOf("{mask}") : pieces.length;
  const piece = at > 0 ? pieces[at - 1] : "";
  const before = isPlaceholder(piece) ? "" : piece;
  const faults: string[] = [];
  const ids = words.map((word) => {
    const tokens = masked ? atMask(tokenizer, word, before) : asNext(tokenizer, word, before);
    const spelled = JSON.stringify(word);
    if (tokens.length !== 1) {
      const list = tokens.map((token) => tokenizer.piece(token)).join(" ");
      const spaced = tokenizer.encode(` ${word.trim()}`).length === 1;
      faults.push(
        `${spelled} is ${tokens.length} (${list})${spaced ? "; with a space before it, it is one" : ""}`,
      );
    } else if (tokens[0] === tokenizer.unknownId) {
      faults.push(`${spelled} is not in the vocabulary`);
    }
    return tokens[0];
  });
  if (faults.length > 0) {
    throw new DataError(
      complaint("label words", "a single token each", faults.join(", "), "other words, with --words"),
    );
  }
  const twice = words.findIndex((_, k) => ids.indexOf(ids[k]) < k);
  if (twice >= 0) {
    const first = words[ids.indexOf(ids[twice])];
    throw new DataError(
      complaint(
        "label words",
        "a token of its own for each",
        `${JSON.stringify(first)} and ${JSON.stringify(words[twice])}, both ${tokenizer.piece(ids[twice])}`,
      ),
    );
  }
  return ids;
}

/**
 * What the model says next: a word after a space, the space a part of it as byte-level BPE has it (" good" and "good" differ).
 * Where the template has the space, the word comes without.
 */
function asNext(tokenizer: Tokenizer, word: string, before: string): number[] {
  if (before === "") return tokenizer.encode(` ${word.trimStart()}`);
  if (/\s$/.test(before) || /^\s/.test(word)) return tokenizer.encode(word);
  return continuation(tokenizer, before, ` ${word}`);
}

/** What stands in the place of the mask: the space before {mask} is the word's, if there is one. */
function atMask(tokenizer: Tokenizer, word: string, before: string): number[] {
  const stem = before.trimEnd();
  const next = stem === before ? word.trim() : ` ${word.trim()}`;
  return stem === "" ? tokenizer.encode(next) : continuation(tokenizer, stem, next);
}

/** Ids that `next` adds to those of `text`; all of them where the two texts run together. */
function continuation(tokenizer: Tokenizer, text: string, next: string): number[] {
  const before = tokenizer.encode(text);
  const ids = tokenizer.encode(text + next);
  return before.every((id, i) => ids[i] === id) ? ids.slice(before.length) : ids;
}
