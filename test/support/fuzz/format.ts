/**
 * One case of a fuzzer: a spoiled file and what reads it. A case is a function of its seed alone, so a failing one is repeated by
 * its seed. It passes if the reader reads it, or refuses it with a CallError or DataError that says why in one line, and asks for no more memory than
 * a small multiple of the file.
 */
import { CallError, DataError } from "../../../src/errors.ts";
import { type RandomStream, randomStream } from "../../../src/random.ts";
import { allocatedBytes } from "./allocations.ts";

export interface Case {
  /** Bytes of all files: what memory is measured against. */
  bytes: number;
  read(): Promise<unknown>;
}

export interface Format {
  name: string;
  make(random: RandomStream): Case;
}

/** What any reader may ask for, and how many bytes for each of the file: numbers widened, texts decoded, copies handed on. */
const FREE = 2 ** 20;
const SHARE = 64;

export type Outcome = "read" | "refused";

/** Throws an Error that says what went wrong and how to repeat it. */
export async function runCase({ name, make }: Format, seed: number): Promise<Outcome> {
  const { bytes, read } = make(randomStream(seed));
  const fail = (what: string, cause?: unknown) =>
    new Error(`${what}; node scripts/fuzz.mjs --format ${name} --seed ${seed} --cases 1`, { cause });
  let outcome: Outcome = "read";
  const allocated = await allocatedBytes(async () => {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof DataError || error instanceof CallError)) throw fail(`${error}`, error);
      if (!isSentence(error.message)) throw fail(`not a sentence: ${JSON.stringify(error.message)}`);
      outcome = "refused";
    }
  });
  if (allocated > FREE + SHARE * bytes) throw fail(`${allocated} bytes asked for ${bytes} of file`);
  return outcome;
}

/** Words a person can read, and no object printed by accident. */
const isSentence = (text: string) =>
  /[a-z]{3,} \S/.test(text) && text.length < 2000 && !/(got|expected) (\[object |undefined)/.test(text);

/** The cases of seeds `from` … `from + cases − 1`. */
export async function runCases(
  format: Format,
  from: number,
  cases: number,
): Promise<Record<Outcome, number>> {
  const counts = { read: 0, refused: 0 };
  for (let seed = from; seed < from + cases; seed++) counts[await runCase(format, seed)]++;
  return counts;
}
