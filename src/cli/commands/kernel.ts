/** `ntkit kernel`: the empirical NTK of MODEL on DATA → a kernel store. */
import type { Command } from "commander";
import {
  exportKernel,
  type KernelBlocks,
  type KernelStoreContent,
  writeKernelStore,
} from "../../ntk/index.ts";
import { loadInputs, studyKernel } from "../../study/index.ts";
import { type InputOptions, inputChoice, trainedParameters } from "../choices.ts";
import {
  type KernelOptions,
  MODEL_HELP,
  withAdapter,
  withCommon,
  withData,
  withKernel,
  withReadout,
} from "../options.ts";
import { run } from "../run.ts";

/** Of a sign kernel: entries of each tensor whose sign is 0, mean over rows; null of others. */
function zeroSigns({ dead }: KernelBlocks): Record<string, number> | null {
  const mean = (counts: Float64Array) => counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return dead && Object.fromEntries(Object.entries(dead).map(([name, counts]) => [name, mean(counts)]));
}

export function kernelCommand(program: Command, exit: (status: number) => void): void {
  withKernel(withAdapter(withReadout(withData(withCommon(program.command("kernel"))))))
    .description(
      "empirical neural tangent kernel of MODEL on DATA → a kernel store, or with --out x.npz or x.npy one file for other tools",
    )
    .requiredOption("--model <model>", MODEL_HELP)
    .addHelpText(
      "after",
      "\nExample:\n  ntkit kernel --model ./my-model --data train.csv --test test.csv --per-class 20 --out my-kernel\n",
    )
    .action(async (options: InputOptions & KernelOptions) => {
      exit(
        await run(options, async (job) => {
          const choice = await inputChoice(options);
          const inputs = await loadInputs(choice, job.long);
          try {
            const parameters = trainedParameters(options);
            const blocks = await studyKernel(inputs, { ...options, parameters, ...job.long });
            const { train, test, classes } = inputs;
            const path = options.out ?? "ntkit-kernel";
            const content: KernelStoreContent = {
              n: train.n,
              outputs: classes.length,
              classes,
              kernel: blocks.train,
              f0: blocks.f0,
              targets: train.targets,
              cross: blocks.cross,
              groups: blocks.groups,
              crossGroups: blocks.crossGroups,
              f0Test: blocks.f0Test,
              targetsTest: test?.targets ?? null,
              model: { source: inputs.checkpoint.source, fingerprint: inputs.checkpoint.fingerprint },
              data: {
                source: inputs.dataset.name,
                testSource: inputs.testSource,
                fingerprint: inputs.fingerprint,
              },
              options: {
                kernel: options.kernel,
                outputs: options.outputs,
                parameters,
                readout: choice.readout,
                seed: options.seed,
                backend: options.backend,
              },
            };
            const single = /\.np[yz]$/.test(path);
            const manifest = single ? null : await writeKernelStore(path, content);
            if (single) await exportKernel(path, content);
            for (const warning of inputs.warnings) job.say(`warning: ${warning}`);
            const side = train.n * blocks.rows;
            return {
              text: `${path}: kernel ${side}×${side}${blocks.cross ? ` and cross kernel for ${test?.n} held-out texts` : ""}\nnext: ntkit stop ${path}`,
              json: { path, manifest, zero_signs: zeroSigns(blocks), warnings: inputs.warnings },
            };
          } finally {
            inputs.model.dispose();
          }
        }),
      );
    });
}
