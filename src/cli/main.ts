#!/usr/bin/env node
/** The `ntkit` command. */
import { Command, CommanderError } from "commander";
import { confirmCommand } from "./commands/confirm.ts";
import { demoCommand } from "./commands/demo.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { finetuneCommand } from "./commands/finetune.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { kernelCommand } from "./commands/kernel.ts";
import { predictCommand } from "./commands/predict.ts";
import { reportCommand } from "./commands/report.ts";
import { spectrumCommand } from "./commands/spectrum.ts";
import { stopCommand } from "./commands/stop.ts";
import { version } from "./package.ts";
import { EXIT, report } from "./run.ts";

const program = new Command("ntkit");
const exit = (status: number) => {
  process.exitCode = status;
};

program
  .description(
    "When to stop fine-tuning a pretrained language model, and why: from the spectrum of its neural tangent kernel.",
  )
  .version(await version())
  .exitOverride()
  .showHelpAfterError("(ntkit COMMAND --help shows the options and an example)");

for (const add of [
  demoCommand,
  predictCommand,
  confirmCommand,
  finetuneCommand,
  kernelCommand,
  spectrumCommand,
  stopCommand,
  inspectCommand,
  doctorCommand,
  reportCommand,
])
  add(program, exit);
for (const command of program.commands) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) exit(error.exitCode === 0 ? EXIT.done : EXIT.call);
  else exit(report(error));
}
