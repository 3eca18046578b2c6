/** `ntkit spectrum KERNEL`: eigenvalues of Θ/n, trace, density, decay. */
import { type Command, Option } from "commander";
import { CallError, complaint } from "../../errors.ts";
import { openKernel } from "../../ntk/index.ts";
import { writeFileAtomic } from "../../runtime/index.ts";
import { describeSpectrum, kernelSpectrum, type SpectrumReport } from "../../study/index.ts";
import { mustExist } from "../choices.ts";
import { integer } from "../options.ts";
import { run, toJson } from "../run.ts";

interface SpectrumOptions {
  top?: number;
  all?: boolean;
  outputs?: number;
  seed: number;
  json?: boolean;
  quiet?: boolean;
  out?: string;
}

function spectrumText(report: SpectrumReport): string {
  const shown = report.eigenvalues.slice(0, 12);
  const bar = Math.max(...report.density.map(({ count }) => count), 1);
  return [
    `${report.method}; kernel ${report.size}×${report.size}, n = ${report.n}, C = ${report.outputs}`,
    `λ of Θ/n: ${shown.map((value) => value.toPrecision(5)).join("  ")}${report.eigenvalues.length > 12 ? "  …" : ""}`,
    `trace ${report.trace.toPrecision(6)}, in the eigenvalues given ${(100 * report.explained_trace).toFixed(2)} %`,
    `largest stable step 2/λ₁ = ${report.max_learning_rate.toPrecision(5)}`,
    report.negative_mass === null ? "" : `negative mass ${report.negative_mass.toExponential(1)}`,
    report.decay
      ? `decay: ${report.decay.model}, ${report.decay.exponent.toFixed(2)} [${report.decay.interval.map((x) => x.toFixed(2)).join(", ")}], risk falls like ${report.decay.rate_in_n}`
      : `no decay fit: ${report.decay_reason}`,
    "",
    ...report.density
      .filter(({ count }) => count > 0)
      .map(
        ({ log10_from, log10_to, count }) =>
          `  1e${log10_from} … 1e${log10_to} λ₁ ${String(count).padStart(7)}  ${"▇".repeat(Math.ceil((30 * count) / bar))}`,
      ),
  ]
    .filter((line, i) => line !== "" || i === 6)
    .join("\n");
}

export function spectrumCommand(program: Command, exit: (status: number) => void): void {
  program
    .command("spectrum")
    .description("eigenvalues of a kernel divided by n, with trace, density and decay")
    .argument("<kernel>", "a kernel store, or a square .npy or .npz matrix from any tool")
    .addOption(
      new Option("--top <k>", "the k largest, by Lanczos").argParser(integer("--top")).conflicts("all"),
    )
    .option("--all", "all of them, dense (default)")
    .option("--outputs <c>", "bare matrix: outputs an example (n = side / C)", integer("--outputs"))
    .option("--seed <n>", "seed of the Lanczos start and of the bootstrap", integer("--seed", 0), 0)
    .option("--out <path>", "write the JSON there as well")
    .option("--json", "print one JSON document on stdout and nothing else")
    .option("--quiet", "no progress on stderr")
    .addHelpText(
      "after",
      "\nExample:\n  ntkit spectrum my-kernel --top 20\n  ntkit spectrum theta.npy --all --json\n",
    )
    .action(async (path: string, options: SpectrumOptions) => {
      exit(
        await run(options, async (job) => {
          await mustExist("KERNEL", path, "the folder that `ntkit kernel` wrote, or a .npy or .npz file");
          const opened = await openKernel(path);
          const side = Math.round(Math.sqrt(opened.kernel.length));
          const outputs = options.outputs ?? opened.outputs ?? 1;
          if (side % outputs !== 0) {
            throw new CallError(
              complaint("--outputs", `a divisor of the kernel's side ${side}`, String(outputs)),
            );
          }
          const spectrum = await kernelSpectrum(opened.kernel, side / outputs, {
            top: options.top,
            seed: options.seed,
            ...job.long,
          });
          const report = describeSpectrum(spectrum, options.seed);
          if (options.out)
            await writeFileAtomic(options.out, new TextEncoder().encode(`${toJson(report)}\n`));
          return { text: spectrumText(report), json: report };
        }),
      );
    });
}
