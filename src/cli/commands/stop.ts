/** `ntkit stop KERNEL`: every stopping rule, the risk curve and the curves, for given targets. */
import type { Command } from "commander";
import { DataError } from "../../errors.ts";
import { openKernel, readArrayFile } from "../../ntk/index.ts";
import { renderStopText } from "../../report/index.ts";
import { writeFileAtomic } from "../../runtime/index.ts";
import { type Matrix, stopForKernel } from "../../study/index.ts";
import { mustExist, theoryChoice } from "../choices.ts";
import { integer, type TheoryOptions, withTheory } from "../options.ts";
import { run, toJson } from "../run.ts";

interface StopOptions extends TheoryOptions {
  targets?: string;
  f0?: string;
  seed: number;
  out?: string;
  json?: boolean;
  quiet?: boolean;
}

/** The only array of a .npy or .npz file, or the one of the option's own name. */
async function readMatrix(option: "targets" | "f0", path: string | undefined): Promise<Matrix | undefined> {
  if (path === undefined) return undefined;
  await mustExist(`--${option}`, path, "the path of a .npy or .npz file");
  const { [option]: matrix } = await readArrayFile(path, option);
  const { shape } = matrix;
  if (shape.length < 1 || shape.length > 2) {
    throw new DataError(`${path}: expected an array of shape (n) or (n, C), got (${shape.join(", ")})`);
  }
  return matrix;
}

export function stopCommand(program: Command, exit: (status: number) => void): void {
  withTheory(program.command("stop"))
    .description("all stopping rules, risk curve and predicted curves of a kernel")
    .argument("<kernel>", "a kernel store, or a square .npy or .npz matrix from any tool")
    .option("--targets <file>", "Y, .npy or .npz of shape (n) or (n, C) (default: those of the store)")
    .option(
      "--f0 <file>",
      "outputs at the pretrained point, .npy or .npz (default: those of the store, or 0)",
    )
    .option("--seed <n>", "seed of the folds and of the bootstrap", integer("--seed", 0), 0)
    .option("--out <path>", "write the JSON there as well")
    .option("--json", "print one JSON document on stdout and nothing else")
    .option("--quiet", "no progress on stderr")
    .addHelpText(
      "after",
      "\nExample:\n  ntkit stop my-kernel --lr 0.01 --batch-size 8\n  ntkit stop theta.npy --targets y.npy --f0 f0.npy --json\n",
    )
    .action(async (path: string, options: StopOptions) => {
      exit(
        await run(options, async (job) => {
          await mustExist("KERNEL", path, "the folder that `ntkit kernel` wrote, or a .npy or .npz file");
          const report = await stopForKernel(
            {
              kernel: await openKernel(path),
              targets: await readMatrix("targets", options.targets),
              f0: await readMatrix("f0", options.f0),
              ...theoryChoice(options),
              seed: options.seed,
            },
            job.long,
          );
          if (options.out)
            await writeFileAtomic(options.out, new TextEncoder().encode(`${toJson(report)}\n`));
          return { text: renderStopText(report), json: report };
        }),
      );
    });
}
