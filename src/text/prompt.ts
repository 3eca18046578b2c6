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
 * The one token that `word` is. `after`: what stands before it ("{text} It was" → " It was"): the word is then set off by a
 * space and has to be one token there, as the model would go on: " good" and "good" are two tokens of a byte-level BPE.
 * DataError for a word of several tokens, naming its pieces.
 */
export function singleTokenId(tokenizer: Tokenizer, word: string, after = ""): number {
  const gap = after === "" || /\s$/.test(after) || /^\s/.test(word) ? "" : " ";
  const before = tokenizer.encode(after);
  const ids = tokenizer.encode(after + gap + word);
  const added = ids.slice(before.length);
  if (added.length === 1 && before.every((id, i) => ids[i] === id)) return added[0];
  const pieces = (before.every((id, i) => ids[i] === id) ? added : ids).map((id) => tokenizer.piece(id));
  throw new DataError(
    `label word ${JSON.stringify(word)}: expected a single token, got ${pieces.length} (${pieces.join(" ")}); choose another word`,
  );
}
