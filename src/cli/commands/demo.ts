/** `ntkit demo`: the main job on the shipped model and data. */
import type { Command } from "commander";
import { type CommonOptions, integer, withCommon } from "../options.ts";
import { asset } from "../package.ts";
import { run } from "../run.ts";
import { predictInto } from "./predict.ts";

interface DemoOptions extends CommonOptions {
  perClass: number;
  testPerClass: number;
}

export function demoCommand(program: Command, exit: (status: number) => void): void {
  withCommon(program.command("demo"))
    .description(
      "the main job on the shipped model (nano-gpt-neo) and data (snips) → record.json, report.html",
    )
    .option("--per-class <n>", "labelled texts of each class", integer("--per-class"), 10)
    .option("--test-per-class <n>", "held-out texts of each class", integer("--test-per-class"), 10)
    .addHelpText("after", "\nExample:\n  ntkit demo --out ntkit-demo\n")
    .action(async (options: DemoOptions) => {
      exit(
        await run(options, async (job) => {
          job.say(
            "7 intents of SNIPS, nano-gpt-neo (1.74 M parameters), a fresh head (standard deviation 0.02) on the mean state",
          );
          return predictInto(
            options.out ?? "ntkit-demo",
            {
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
            },
            job,
          );
        }),
      );
    });
}
