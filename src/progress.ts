/**
 * What long work says while it runs, and how it is stopped. A leaf: every room may import it, it imports nothing.
 */
export interface Progress {
  /** What is being done, in a few words: "forward pass", "kernel tiles". */
  stage: string;
  /** Units done and in all; a unit is whatever the stage counts. */
  done: number;
  total: number;
  /** Units a second since the stage began, and the seconds that remain at that rate. */
  rate?: number;
  remaining?: number;
  /** What else there is to say now: "loss 0.1234". */
  note?: string;
}

export interface LongOptions {
  /** Aborting makes the call reject with the signal's reason at its next safe point. */
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}
