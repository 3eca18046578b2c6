/** `ntkit predict`: kernel, spectrum, stopping rules, curves → record.json and report.html. */
import type { Command } from "commander";
import { renderReport, renderText } from "../../report/index.ts";
import { joinPath, makeFolder, writeFileAtomic } from "../../runtime/index.ts";
import { type PredictChoice, predict, type StudyRecord } from "../../study/index.ts";
import { type InputOptions, predictChoice } from "../choices.ts";
import {
  integer,
  type KernelOptions,
  MODEL_HELP,
  type TheoryOptions,
  withAdapter,
  withCommon,
  withData,
  withKernel,
  withReadout,
  withTheory,
} from "../options.ts";
import { commandLine, version } from "../package.ts";
import { type Job, type Outcome, run, toJson } from "../run.ts";

/** Predicts and writes both files into `folder`. Shared with `ntkit demo`. */
export async function predictInto(folder: string, choice: PredictChoice, job: Job): Promise<Outcome> {
  await makeFolder(folder);
  const { record, inputs } = await predict(
    { ...choice, command: commandLine(), version: await version() },
    job.long,
  );
  inputs.model.dispose();
  return writeStudy(folder, record);
}

/** Writes record.json and report.html, and says both. */
export async function writeStudy(folder: string, record: StudyRecord): Promise<Outcome> {
  await makeFolder(folder);
  const recordPath = joinPath(folder, "record.json");
  const reportPath = joinPath(folder, "report.html");
  const text = new TextEncoder();
  await writeFileAtomic(recordPath, text.encode(`${toJson(record)}\n`));
  await writeFileAtomic(reportPath, text.encode(renderReport(record)));
  return {
    text: `${renderText(record)}\n\nrecord  ${recordPath}\nreport  ${reportPath}`,
    json: record,
  };
}

export function predictCommand(program: Command, exit: (status: number) => void): void {
  withTheory(withKernel(withAdapter(withReadout(withData(withCommon(program.command("predict")))))))
    .description(
      "when to stop fine-tuning MODEL on DATA, with the curves behind it → record.json, report.html",
    )
    .requiredOption("--model <model>", MODEL_HELP)
    .option(
      "--heads <n>",
      "repeat it under n draws of the fresh head: how λ₁, the steps and the curves vary with the draw",
      integer("--heads", 2),
    )
    .addHelpText(
      "after",
      "\nExample:\n  ntkit predict --model ./my-model --data train.csv --test test.csv --per-class 20 --lr 0.01 --out study\n",
    )
    .action(async (options: InputOptions & KernelOptions & TheoryOptions & { heads?: number }) => {
      exit(
        await run(options, async (job) =>
          predictInto(options.out ?? "ntkit-predict", await predictChoice(options), job),
        ),
      );
    });
}
