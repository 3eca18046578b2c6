/**
 * Texts → a batch of token ids: special tokens as the tokenizer adds them, texts cut on the right to fit, padding on the
 * right, whichever side the tokenizer's files name: the model reads positions from the first real token and skips padding. Cut before the special tokens are added, so that those survive wherever they stand.
 */
import { CallError, complaint, DataError } from "../errors.ts";
import type { Batch } from "./batch.ts";
import type { Slot, Tokenizer } from "./tokenizer.ts";

export interface TokenizeOptions {
  /** Longest sequence, in tokens, special ones included; no limit where absent. */
  maxLength?: number;
  /** Second texts, one for each. */
  pairs?: readonly string[];
  /** Without them ("add_special_tokens") the ids are those of the texts alone; default true. */
  specialTokens?: boolean;
}

/**
 * Batch (n × T), T the longest sequence. `truncated` counts the texts (or pairs) that were cut and the tokens dropped.
 * CallError: no texts, a number of pairs other than of texts, a maxLength without room for a token of text.
 * DataError: a text that gives no tokens at all (rows counted from 1).
 */
export function tokenize(
  tokenizer: Tokenizer,
  texts: readonly string[],
  { maxLength, pairs, specialTokens = true }: TokenizeOptions = {},
): Batch {
  if (texts.length === 0) throw new CallError("tokenize: expected at least one text, got none");
  if (pairs && pairs.length !== texts.length) {
    throw new CallError(complaint("tokenize", `${texts.length} pairs, one a text`, String(pairs.length)));
  }
  const slots = (pairs ? tokenizer.pair : tokenizer.single).filter(
    ({ kind }) => specialTokens || kind !== "special",
  );
  const special = slots.filter((slot) => slot.kind === "special").length;
  const room = (maxLength ?? Number.POSITIVE_INFINITY) - special;
  if (!(room >= (pairs ? 2 : 1))) {
    throw new CallError(
      complaint(
        "tokenize",
        `a maxLength with room for text beside ${special} special tokens`,
        String(maxLength),
      ),
    );
  }
  const truncated = { texts: 0, tokens: 0 };
  const sequences = texts.map((text, i) => {
    const first = tokenizer.encode(text);
    const second = pairs ? tokenizer.encode(pairs[i]) : [];
    const kept = share(first.length, second.length, room);
    const cut = first.length + second.length - kept[0] - kept[1];
    if (cut > 0) {
      truncated.texts++;
      truncated.tokens += cut;
    }
    const sequence = fill(slots, first.slice(0, kept[0]), second.slice(0, kept[1]));
    if (sequence.ids.length === 0) {
      throw new DataError(
        `tokenize: row ${i + 1}: expected a text with tokens, got ${JSON.stringify(text)}; remove empty texts`,
      );
    }
    return sequence;
  });

  const n = texts.length;
  const T = sequences.reduce((longest, { ids }) => Math.max(longest, ids.length), 0);
  const inputIds = new Int32Array(n * T).fill(tokenizer.padId);
  const attentionMask = new Uint8Array(n * T);
  const tokenTypeIds = new Int32Array(n * T);
  sequences.forEach(({ ids, types }, i) => {
    inputIds.set(ids, i * T);
    attentionMask.fill(1, i * T, i * T + ids.length);
    tokenTypeIds.set(types, i * T);
  });
  return {
    inputIds,
    attentionMask,
    ...(tokenizer.typed && { tokenTypeIds }),
    shape: [n, T],
    ...(maxLength !== undefined && { truncated }),
  };
}

/** How much of each text stays: tokens are taken from the longer one until both fit ("longest first"). */
export function share(first: number, second: number, room: number): [number, number] {
  if (first + second <= room) return [first, second];
  if (second === 0) return [room, 0];
  const half = Math.floor(room / 2);
  if (Math.min(first, second) <= half) {
    return first <= second ? [first, room - first] : [room - second, second];
  }
  return first <= second ? [half, room - half] : [room - half, half];
}

function fill(slots: readonly Slot[], first: number[], second: number[]): { ids: number[]; types: number[] } {
  const ids: number[] = [];
  const types: number[] = [];
  for (const slot of slots) {
    const added = slot.kind === "special" ? [slot.id] : slot.kind === "first" ? first : second;
    for (const id of added) {
      ids.push(id);
      types.push(slot.type);
    }
  }
  return { ids, types };
}
