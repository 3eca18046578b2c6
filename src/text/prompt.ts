/** Classification as the model's own next word: a template around the text, and words that stand for the classes. */
import { CallError, DataError } from "../errors.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** `template` with every {text} replaced, e.g. "{text} It was". CallError for a template without it. */
export function applyTemplate(template: string, text: string): string {
  if (!template.includes("{text}")) {
    throw new CallError(`template: expected {text} somewhere in it, got ${JSON.stringify(template)}`);
  }
  return template.split("{text}").join(text);
}

/**
 * The one token that `word` is. `after`: what stands before it ("{text} It was" → " It was"): the word is then what comes
 * next, a space between, as the model would go on: " good" and "good" differ in a byte-level BPE. Where `after` ends in a
 * space itself, the word comes without. DataError for a word of several tokens, naming its pieces.
 */
export function singleTokenId(tokenizer: Tokenizer, word: string, after = ""): number {
  const spaced = after !== "" && !/\s$/.test(after) && !/^\s/.test(word);
  const ids = spaced ? continuation(tokenizer, after, ` ${word}`) : tokenizer.encode(word);
  if (ids.length === 1) return ids[0];
  const hint =
    !spaced && tokenizer.encode(` ${word.trim()}`).length === 1
      ? "with a space before it, it is one"
      : "choose another word";
  const pieces = ids.map((id) => tokenizer.piece(id)).join(" ");
  throw new DataError(
    `label word ${JSON.stringify(word)}: expected a single token, got ${ids.length} (${pieces}); ${hint}`,
  );
}

/** Ids that `next` adds to those of `text`; all of them where the two texts run together. */
function continuation(tokenizer: Tokenizer, text: string, next: string): number[] {
  const before = tokenizer.encode(text);
  const ids = tokenizer.encode(text + next);
  return before.every((id, i) => ids[i] === id) ? ids.slice(before.length) : ids;
}
