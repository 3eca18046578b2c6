/** `ntkit kernel`: the empirical NTK of MODEL on DATA → a kernel store. */
import type { Command } from "commander";
import { writeKernelStore } from "../../ntk/index.ts";
import { loadInputs, studyKernel } from "../../study/index.ts";
import { type InputOptions, inputChoice } from "../choices.ts";
import { MODEL_HELP, withCommon, withData, withReadout } from "../options.ts";
import { run } from "../run.ts";

export function kernelCommand(program: Command, exit: (status: number) => void): void {
  withReadout(withData(withCommon(program.command("kernel"))))
    .description("empirical neural tangent kernel of MODEL on DATA → a kernel store")
    .requiredOption("--model <model>", MODEL_HELP)
    .addHelpText(
      "after",
      "\nExample:\n  ntkit kernel --model ./my-model --data train.csv --test test.csv --per-class 20 --out my-kernel\n",
    )
    .action(async (options: InputOptions) => {
      exit(
        await run(options, async (job) => {
          const choice = await inputChoice(options);
          const inputs = await loadInputs(choice, job.long);
          try {
            const blocks = await studyKernel(inputs, { ...options, ...job.long });
            const { train, test, classes } = inputs;
            const path = options.out ?? "ntkit-kernel";
            const manifest = await writeKernelStore(path, {
              n: train.n,
              outputs: classes.length,
              classes,
              kernel: blocks.train,
              f0: blocks.f0,
              targets: train.targets,
              cross: blocks.cross,
              f0Test: blocks.f0Test,
              targetsTest: test?.targets ?? null,
              model: { source: inputs.checkpoint.source, fingerprint: inputs.checkpoint.fingerprint },
              data: {
                source: inputs.dataset.name,
                testSource: inputs.testSource,
                fingerprint: inputs.fingerprint,
              },
              options: {
                kernel: "sgd",
                outputs: "full",
                parameters: options.parameters,
                readout: choice.readout,
                seed: options.seed,
                backend: options.backend,
              },
            });
            for (const warning of inputs.warnings) job.say(`warning: ${warning}`);
            return {
              text: `${path}: kernel ${train.n * classes.length}×${train.n * classes.length}${blocks.cross ? ` and cross kernel for ${test?.n} held-out texts` : ""}\nnext: ntkit stop ${path}`,
              json: { path, manifest, warnings: inputs.warnings },
            };
          } finally {
            inputs.model.dispose();
          }
        }),
      );
    });
}
