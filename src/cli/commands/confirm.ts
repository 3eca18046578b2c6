/** `ntkit confirm`: predict, really fine-tune, and say whether theory saw it coming → record.json and report.html. */
import type { Command } from "commander";
import { type ConfirmChoice, confirm } from "../../study/index.ts";
import { type InputOptions, predictChoice, runChoice } from "../choices.ts";
import {
  type KernelOptions,
  MODEL_HELP,
  type RunOptions,
  type TheoryOptions,
  withCommon,
  withData,
  withKernel,
  withReadout,
  withRun,
  withTheory,
} from "../options.ts";
import { commandLine, version } from "../package.ts";
import { type Job, type Outcome, run } from "../run.ts";
import { writeStudy } from "./predict.ts";

/** Predicts, trains, and writes both files into `folder`. Shared with `ntkit demo`. */
export async function confirmInto(folder: string, choice: ConfirmChoice, job: Job): Promise<Outcome> {
  const record = await confirm({ ...choice, command: commandLine(), version: await version() }, job.long);
  return writeStudy(folder, record);
}

export function confirmCommand(program: Command, exit: (status: number) => void): void {
  withRun(
    withTheory(withKernel(withReadout(withData(withCommon(program.command("confirm"))))), ["mse", "ce"]),
  )
    .description(
      "predict, then fine-tune MODEL on DATA for real: measured against predicted curves, every rule's regret → record.json, report.html",
    )
    .requiredOption("--model <model>", MODEL_HELP)
    .addHelpText(
      "after",
      "\nExample:\n  ntkit confirm --model ./my-model --data train.csv --test test.csv --per-class 20 --steps 200 --out study\n",
    )
    .action(async (options: InputOptions & KernelOptions & TheoryOptions & RunOptions) => {
      exit(
        await run(options, async (job) => {
          const choice = { ...(await predictChoice(options)), ...runChoice(options) };
          return confirmInto(options.out ?? "ntkit-confirm", choice, job);
        }),
      );
    });
}
