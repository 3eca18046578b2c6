/** `ntkit demo`: the main job on the shipped model and data, and a real run beside it. */
import type { Command } from "commander";
import type { PredictChoice } from "../../study/index.ts";
import { type CommonOptions, integer, withCommon } from "../options.ts";
import { asset } from "../package.ts";
import { run } from "../run.ts";
import { confirmInto } from "./confirm.ts";
import { predictInto } from "./predict.ts";

interface DemoOptions extends CommonOptions {
  perClass: number;
  testPerClass: number;
  confirm: boolean;
}

/** Of the real run: past the answer for the default texts (178), and no longer, so that the demo stays a demo. */
const STEPS = 200;
/** Where it takes the kernel again, beside the answer's step. */
const RETAKE = [40];

export function demoCommand(program: Command, exit: (status: number) => void): void {
  withCommon(program.command("demo"))
    .description(
      "the main job on the shipped model (nano-gpt-neo) and data (snips), and a real run of 200 steps beside it → record.json, report.html",
    )
    .option("--per-class <n>", "labelled texts of each class", integer("--per-class"), 10)
    .option("--test-per-class <n>", "held-out texts of each class", integer("--test-per-class"), 10)
    .option("--no-confirm", "predict only: leave out the real run")
    .addHelpText("after", "\nExample:\n  ntkit demo --out ntkit-demo\n")
    .action(async (options: DemoOptions) => {
      exit(
        await run(options, async (job) => {
          job.say(
            "7 intents of SNIPS, nano-gpt-neo (1.74 M parameters), a fresh head (standard deviation 0.02) on the mean state",
          );
          const folder = options.out ?? "ntkit-demo";
          const choice: PredictChoice = {
            model: await asset("nano-gpt-neo"),
            data: await asset("snips/train.csv"),
            test: await asset("snips/test.csv"),
            perClass: options.perClass,
            testPerClass: options.testPerClass,
            readout: { kind: "head", init: "gaussian", pool: "mean" },
            byGroup: true,
            backend: options.backend,
            workers: options.workers,
            memory: options.memory,
            seed: options.seed,
          };
          if (!options.confirm) return predictInto(folder, choice, job);
          return confirmInto(folder, { ...choice, steps: STEPS, retake: RETAKE, patience: 0 }, job);
        }),
      );
    });
}
