/** `ntkit kernel`: the empirical NTK of MODEL on DATA → a kernel store. */
import type { Command } from "commander";
import {
  exportKernel,
  type Filled,
  fillKernelStore,
  type KernelBlocks,
  type KernelIdentity,
} from "../../ntk/index.ts";
import { type InputChoice, loadInputs, type StudyInputs, studyKernel } from "../../study/index.ts";
import { type InputOptions, inputChoice, trainedParameters } from "../choices.ts";
import {
  type CommonOptions,
  type KernelOptions,
  MODEL_HELP,
  withAdapter,
  withCommon,
  withData,
  withKernel,
  withReadout,
} from "../options.ts";
import { planText } from "../plan.ts";
import { type Job, run } from "../run.ts";

/** One file for other tools in place of a store. */
const SINGLE = /\.np[yz]$/;

const resume = ({ out = "ntkit-kernel" }: CommonOptions): string =>
  SINGLE.test(out)
    ? "nothing was written; the same command starts again"
    : `tiles that are done are kept in ${out}; the same command goes on`;

type Options = InputOptions & KernelOptions;

/** All that changes the numbers: a store made with other values of these is refused. */
function identityOf(inputs: StudyInputs, choice: InputChoice, options: Options): KernelIdentity {
  const { checkpoint, dataset, testSource, fingerprint, classes, train } = inputs;
  return {
    n: train.n,
    outputs: classes.length,
    classes,
    model: { source: checkpoint.source, fingerprint: checkpoint.fingerprint },
    data: { source: dataset.name, testSource, fingerprint },
    options: {
      kernel: options.kernel,
      outputs: options.outputs,
      parameters: trainedParameters(options),
      readout: choice.readout,
      maxLength: options.maxLength,
      seed: options.seed,
      backend: options.backend,
    },
  };
}

interface Making {
  path: string;
  inputs: StudyInputs;
  identity: KernelIdentity;
  options: Options;
  job: Job;
}

async function store({ path, inputs, identity, options, job }: Making): Promise<Filled> {
  const { tangent, train, test } = inputs;
  const request = {
    identity,
    train: train.batch,
    test: test?.batch ?? null,
    targets: train.targets,
    targetsTest: test?.targets ?? null,
  };
  const filled = await fillKernelStore(path, tangent, request, {
    ...kernelChoice(options),
    ...job.long,
    onPlan: (plan, there, seconds) => job.say(planText(plan, there, seconds)),
  });
  if (!filled.plan) job.say(`${path} is whole already`);
  return filled;
}

async function oneFile({ path, inputs, identity, options, job }: Making) {
  const { train, test } = inputs;
  const blocks = await studyKernel(inputs, { ...kernelChoice(options), ...job.long });
  await exportKernel(path, {
    ...identity,
    kernel: blocks.train,
    f0: blocks.f0,
    targets: train.targets,
    cross: blocks.cross,
    groups: blocks.groups,
    crossGroups: blocks.crossGroups,
    f0Test: blocks.f0Test,
    targetsTest: test?.targets ?? null,
  });
  return { manifest: null, rows: blocks.rows, zeroSigns: zeroSigns(blocks) };
}

const kernelChoice = (options: Options) => ({
  kernel: options.kernel,
  outputs: options.outputs,
  parameters: trainedParameters(options),
  byGroup: options.byGroup,
  workers: options.workers,
  memory: options.memory,
});

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
    .action(async (options: Options) => {
      exit(
        await run(
          options,
          async (job) => {
            const choice = await inputChoice(options);
            const inputs = await loadInputs(choice, job.long);
            try {
              const path = options.out ?? "ntkit-kernel";
              for (const warning of inputs.warnings) job.say(`warning: ${warning}`);
              const made = { path, inputs, identity: identityOf(inputs, choice, options), options, job };
              const { manifest, rows, zeroSigns } = SINGLE.test(path)
                ? await oneFile(made)
                : await store(made);
              const side = inputs.train.n * rows;
              const cross = inputs.test ? ` and cross kernel for ${inputs.test.n} held-out texts` : "";
              return {
                text: `${path}: kernel ${side}×${side}${cross}\nnext: ntkit stop ${path}`,
                json: { path, manifest, zero_signs: zeroSigns, warnings: inputs.warnings },
              };
            } finally {
              inputs.model.dispose();
            }
          },
          resume(options),
        ),
      );
    });
}
