/** `ntkit finetune`: train for real, stopped by a rule; the checkpoint, the task vector and the curve. Goes on where it was interrupted. */
import { type Command, Option } from "commander";
import { type FinetuneReport, finetune, LIVE_RULES, type LiveRule } from "../../study/index.ts";
import { type InputOptions, inputChoice, runChoice } from "../choices.ts";
import {
  integer,
  MODEL_HELP,
  type RunOptions,
  withClock,
  withCommon,
  withData,
  withReadout,
  withRun,
} from "../options.ts";
import { run } from "../run.ts";

interface FinetuneOptions extends InputOptions, RunOptions {
  stop: LiveRule;
  folds?: number;
  linearised?: boolean;
}

const share = (accuracy: number) => `${(100 * accuracy).toFixed(1)} %`;

function textOf({ points, step, why, files, warnings, resumed_from }: FinetuneReport): string {
  const [first, last] = [points[0], points[points.length - 1]];
  const change = (
    name: string,
    before: number | null,
    after: number | null,
    say: (value: number) => string,
  ) => (before === null || after === null ? [] : [`${name.padEnd(22)} ${say(before)} → ${say(after)}`]);
  const loss = (value: number) => value.toPrecision(4);
  return [
    `Stopped at step ${step}: ${why}.`,
    ...(resumed_from === null ? [] : [`Went on from step ${resumed_from}.`]),
    ...change("training loss", first.trainLoss, last.trainLoss, loss),
    ...change("training accuracy", first.trainAccuracy, last.trainAccuracy, share),
    ...change("held-out loss", first.testLoss, last.testLoss, loss),
    ...change("held-out accuracy", first.testAccuracy, last.testAccuracy, share),
    ...warnings.map((warning) => `warning: ${warning}`),
    "",
    ...Object.entries(files).map(([what, path]) => `${what.padEnd(16)} ${path}`),
  ].join("\n");
}

export function finetuneCommand(program: Command, exit: (status: number) => void): void {
  withRun(withClock(withReadout(withData(withCommon(program.command("finetune")))), ["mse", "ce"]))
    .description("fine-tune MODEL on DATA for real, stopped by a rule → checkpoint, task vector, curve")
    .requiredOption("--model <model>", MODEL_HELP)
    .addOption(new Option("--stop <rule>", "when to stop").choices(LIVE_RULES).default("path-cv"))
    .option("--folds <k>", "folds of path-cv", integer("--folds", 2))
    .option("--linearised", "train the tangent model at the pretrained point instead")
    .addHelpText(
      "after",
      "\nExample:\n  ntkit finetune --model ./my-model --data train.csv --test test.csv --lr 0.01 --out run\n",
    )
    .action(async (options: FinetuneOptions) => {
      const folder = options.out ?? "ntkit-finetune";
      const resume = `the run is kept in ${folder} up to its last state; the same command goes on from there`;
      const work = async (job: Parameters<Parameters<typeof run>[1]>[0]) => {
        const { stop, folds, linearised, workers, memory } = options;
        const choice = { ...(await inputChoice(options)), ...runChoice(options) };
        const report = await finetune(
          { ...choice, stop, folds, linearised, workers, memory, folder },
          job.long,
        );
        return { text: textOf(report), json: report };
      };
      exit(await run(options, work, resume));
    });
}
