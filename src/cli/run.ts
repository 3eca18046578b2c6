/** The frame around every command: progress, interruption, errors, exit status. */
import { CallError, DataError } from "../errors.ts";
import type { LongOptions } from "../progress.ts";
import { progressLine } from "./progress.ts";

/** 0 done, 1 the work failed, 2 the call was wrong, 130 interrupted. */
export const EXIT = { done: 0, failed: 1, call: 2, interrupted: 130 } as const;

class Interrupted extends Error {}

/** What a command gets to work with, and what it gives back to be printed. */
export interface Job {
  long: Required<Pick<LongOptions, "signal" | "onProgress">>;
  /** A line for people, on stderr; silent with --quiet. */
  say(text: string): void;
}

export interface Outcome {
  /** For people, on stdout. */
  text: string;
  /** For programs: what --json prints. */
  json: unknown;
  /** What was to be found out was found out, and it is bad: printed all the same, with the exit status of work that failed. */
  failed?: boolean;
}

/** NaN and ±Infinity have no JSON form: they become null, -0 becomes 0. */
export const toJson = (value: unknown): string => JSON.stringify(value, null, 2);

/**
 * Runs a command's work and answers its exit status. Interrupting once (Ctrl-C) aborts the work at its next safe point.
 * @param resume said when interrupted: what was kept and how to go on
 */
export async function run(
  options: { json?: boolean; quiet?: boolean },
  work: (job: Job) => Promise<Outcome>,
  resume = "nothing was written; the same command starts again",
): Promise<number> {
  const controller = new AbortController();
  const interrupt = () => controller.abort(new Interrupted("interrupted"));
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  const progress = progressLine(process.stderr, options.quiet === true);
  const say = (text: string) => {
    if (options.quiet) return;
    progress.end();
    process.stderr.write(`${text}\n`);
  };
  try {
    const outcome = await work({ long: { signal: controller.signal, onProgress: progress.show }, say });
    progress.end();
    process.stdout.write(`${options.json ? toJson(outcome.json) : outcome.text}\n`);
    return outcome.failed ? EXIT.failed : EXIT.done;
  } catch (error) {
    progress.end();
    if (controller.signal.aborted) {
      process.stderr.write(`ntkit: interrupted; ${resume}\n`);
      return EXIT.interrupted;
    }
    return report(error);
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

/** One line for what a user can mend; the stack as well for what only we can. */
export function report(error: unknown): number {
  if (error instanceof CallError || error instanceof DataError) {
    process.stderr.write(`ntkit: ${error.message}\n`);
    return error instanceof CallError ? EXIT.call : EXIT.failed;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`ntkit: this should not have happened:\n${text}\n`);
  return EXIT.failed;
}
