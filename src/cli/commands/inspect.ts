/** `ntkit inspect MODEL`: architecture, parameters by group, tensors by name; with --data, what a kernel would cost. */
import type { Command } from "commander";
import { type InspectReport, inspectModel } from "../../study/index.ts";
import { adapterChoice, mustBeData, mustBeModel } from "../choices.ts";
import {
  type AdapterFlags,
  bytes,
  type CommonOptions,
  integer,
  type KernelOptions,
  MODEL_HELP,
  weightsOption,
  withAdapter,
  withKernel,
} from "../options.ts";
import { planText, sizeText } from "../plan.ts";
import { run } from "../run.ts";

interface InspectOptions extends KernelOptions, AdapterFlags {
  json?: boolean;
  quiet?: boolean;
  data?: string;
  text?: string;
  textPair?: string;
  label?: string;
  limit?: number;
  perClass?: number;
  test?: string;
  memory?: number;
  weights: CommonOptions["weights"];
}

const thousands = (value: number) => value.toLocaleString("en-US");

function inspectText(report: InspectReport): string {
  const lines = [
    `${report.architecture}  ${report.source}`,
    `${thousands(report.parameters)} parameters, width ${report.hidden_size}, context ${report.context_length}, vocabulary ${thousands(report.vocabulary_size)}`,
    "",
    ...Object.entries(report.parameters_by_group).map(
      ([group, size]) =>
        `  ${group.padEnd(12)} ${thousands(size).padStart(14)}  ${((100 * size) / report.parameters).toFixed(1).padStart(5)} %`,
    ),
    "",
    ...report.tensors.map(
      ({ name, shape, dtype, group }) =>
        `  ${name.padEnd(52)} ${dtype.padEnd(4)} ${shape.join("×").padEnd(12)} ${group}`,
    ),
  ];
  lines.push("", weightsText(report.weights));
  if (report.kernel) {
    const { n, outputs, longest_tokens, size, bytes, parts, passes, bytes_read, seconds, plan, plan_reason } =
      report.kernel;
    lines.push(
      "",
      `Kernel of ${n} texts and ${outputs} classes (longest text ${longest_tokens} tokens): ${size}×${size}`,
      ...Object.entries(parts).map(([part, value]) => `  ${part.padEnd(24)} ${sizeText(value).padStart(12)}`),
      `  ${"together".padEnd(24)} ${sizeText(bytes).padStart(12)}`,
      ...(bytes_read > 0
        ? [`  ${"read from files".padEnd(24)} ${sizeText(bytes_read).padStart(12)}  in ${passes} passes`]
        : []),
      `  about ${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s on this machine`,
      plan ? `  ${planText(plan)}` : `  no plan: ${plan_reason}`,
    );
  }
  return lines.join("\n");
}

function weightsText({
  mode,
  stored,
  on_backend,
  in_memory,
  read_per_pass,
  passes,
}: InspectReport["weights"]): string {
  const [files, widened] = [sizeText(stored), sizeText(on_backend)];
  const where = {
    resident: `resident: all ${widened} widened, beside the ${files} they were read as`,
    layered: `layered: ${files} as they are stored, at most ${widened} widened at once`,
    streaming: `streaming: ${files} stay in the files, at most ${widened} widened at once; each pass reads ${sizeText(read_per_pass)} (forward and jvp ${passes.forward}, vjp ${passes.vjp})`,
  };
  return `Weights ${where[mode]}; ${sizeText(in_memory)} of memory in all`;
}

export function inspectCommand(program: Command, exit: (status: number) => void): void {
  withKernel(withAdapter(program.command("inspect")))
    .description("what a model is made of; with --data, what its kernel costs in memory and time")
    .argument("<model>", MODEL_HELP)
    .option("--data <file>", "labelled text whose kernel is estimated")
    .option("--text <column>", "column of the text")
    .option("--text-pair <column>", "column of a second text")
    .option("--label <column>", "column of the label")
    .option("--limit <n>", "the first n rows", integer("--limit"))
    .option("--per-class <n>", "the first n rows of each class", integer("--per-class"))
    .option("--test <file>", "held-out text as well")
    .option("--memory <size>", "most memory to use, like 3GiB", bytes)
    .addOption(weightsOption())
    .option("--json", "print one JSON document on stdout and nothing else")
    .option("--quiet", "no progress on stderr")
    .addHelpText("after", "\nExample:\n  ntkit inspect ./my-model --data train.csv --per-class 20\n")
    .action(async (model: string, options: InspectOptions) => {
      exit(
        await run(options, async (job) => {
          await mustBeModel("MODEL", model);
          await mustBeData(options);
          const choice = { ...options, ...(await adapterChoice(options)) };
          const report = await inspectModel(model, choice, job.long);
          return { text: inspectText(report), json: report };
        }),
      );
    });
}
