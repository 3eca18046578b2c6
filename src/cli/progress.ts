/** Progress on stderr: one line that rewrites itself on a terminal, one line a stage elsewhere. */
import type { Progress } from "../progress.ts";

export interface ProgressLine {
  show(progress: Progress): void;
  /** Ends the line, so that what follows starts on its own. */
  end(): void;
}

export const duration = (seconds: number) =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;

export function progressLine(stream: NodeJS.WriteStream, quiet: boolean): ProgressLine {
  if (quiet) return { show() {}, end() {} };
  let stage = "";
  let began = 0;
  let shown = 0;
  let width = 0;
  const rewrite = (text: string) => {
    stream.write(`\r${text.padEnd(width)}`);
    width = text.length;
  };
  return {
    show(progress) {
      const now = performance.now();
      if (progress.stage !== stage) {
        if (stage && stream.isTTY) stream.write("\n");
        stage = progress.stage;
        began = now;
        shown = 0;
        width = 0;
        if (!stream.isTTY) stream.write(`${stage} …\n`);
      }
      if (!stream.isTTY) return;
      const finished = progress.done >= progress.total;
      if (!finished && now - shown < 100) return;
      shown = now;
      const share = progress.total > 0 ? progress.done / progress.total : 1;
      const elapsed = (now - began) / 1000;
      const remaining = progress.remaining ?? (share > 0.02 ? (elapsed / share) * (1 - share) : undefined);
      const left = remaining !== undefined && !finished ? `, ${duration(remaining)} left` : "";
      rewrite(`${stage} ${Math.floor(100 * share)} %${finished ? ` (${elapsed.toFixed(1)} s)` : left}`);
    },
    end() {
      if (stage && stream.isTTY) stream.write("\n");
      stage = "";
    },
  };
}
