/** `ntkit kernel`: the empirical NTK of MODEL on DATA → a kernel store. */
import type { Command } from "commander";
import { CallError, complaint } from "../../errors.ts";
import {
  exportKernel,
  type Filled,
  fillKernelStore,
  type KernelBlocks,
  type KernelIdentity,
  type SketchError,
  writeKernelStore,
} from "../../ntk/index.ts";
import {
  type InputChoice,
  loadInputs,
  type StudyInputs,
  sketchStudy,
  studyKernel,
} from "../../study/index.ts";
import { type InputOptions, inputChoice, trainedParameters } from "../choices.ts";
import {
  integer,
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

const resume = ({ out = "ntkit-kernel", sketch }: Options): string =>
  SINGLE.test(out) || sketch !== undefined
    ? "nothing was written; the same command starts again"
    : `tiles that are done are kept in ${out}; the same command goes on`;

type Options = InputOptions & KernelOptions & { sketch?: number };

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
      sketch: options.sketch,
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

/** The kernel from random projections, whole at once: a store, or one file. */
async function sketched({ path, inputs, identity, options, job }: Making) {
  if (options.kernel !== "sgd" || options.byGroup) {
    const asked = options.byGroup ? "--by-group" : `--kernel ${options.kernel}`;
    throw new CallError(complaint("--sketch", "the kernel of gradients, whole", asked, "without --sketch"));
  }
  const { kernel, outputs, byGroup, ...choice } = kernelChoice(options);
  const made = await sketchStudy(inputs, {
    ...{ ...choice, outputs, k: options.sketch!, seed: options.seed },
    ...job.long,
  });
  const { train, test } = inputs;
  const content = {
    ...identity,
    kernel: made.kernel.data,
    f0: made.f0,
    targets: train.targets,
    cross: made.cross,
    f0Test: made.f0Test,
    targetsTest: test?.targets ?? null,
    sketchError: made.error,
  };
  if (SINGLE.test(path)) await exportKernel(path, content);
  const manifest = SINGLE.test(path) ? null : await writeKernelStore(path, content);
  return { manifest, rows: made.rows, zeroSigns: null, error: made.error };
}

/** " from 1024 projections, 3.1 % from the exact kernel on 2304 of its entries". */
const errorText = (k: number, { rms, sample }: SketchError) =>
  ` from ${k} projections, ${(100 * rms).toPrecision(2)} % from the exact kernel on ${sample} of its entries`;

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
    .option(
      "--sketch <k>",
      "estimate it from k random projections of the gradients, by --seed",
      integer("--sketch"),
    )
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
              const { sketch } = options;
              const drawn = sketch === undefined ? null : await sketched(made);
              const { manifest, rows, zeroSigns } =
                drawn ?? (SINGLE.test(path) ? await oneFile(made) : await store(made));
              const estimated = drawn?.error ? errorText(sketch!, drawn.error) : "";
              const side = inputs.train.n * rows;
              const cross = inputs.test ? ` and cross kernel for ${inputs.test.n} held-out texts` : "";
              return {
                text: `${path}: kernel ${side}×${side}${cross}${estimated}\nnext: ntkit stop ${path}`,
                json: {
                  path,
                  manifest,
                  zero_signs: zeroSigns,
                  ...(drawn && { sketch: { k: sketch, error: drawn.error } }),
                  warnings: inputs.warnings,
                },
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
