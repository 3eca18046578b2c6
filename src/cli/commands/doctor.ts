/** `ntkit doctor`: what this runtime has, and a certificate that its backends compute the same kernel. */
import type { Command } from "commander";
import { type Certificate, type DoctorReport, doctor } from "../../study/index.ts";
import { asset, version } from "../package.ts";
import { run } from "../run.ts";

const gibibytes = (bytes: number | null) =>
  bytes === null ? "unknown" : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
const yes = (has: boolean) => (has ? "yes" : "no");

function doctorText(ntkit: string, report: DoctorReport): string {
  const facts: [string, string][] = [
    ["ntkit", ntkit],
    ["runtime", `${report.runtime}, ${report.platform}`],
    ["cores", String(report.cores)],
    ["memory", `${gibibytes(report.memory_bytes)}, ${gibibytes(report.free_memory_bytes)} of it free`],
    ["WebAssembly SIMD", yes(report.wasm_simd)],
    ["relaxed SIMD", yes(report.wasm_relaxed_simd)],
    ["memory shared by threads", yes(report.shared_memory)],
    ["WebGPU adapter", report.webgpu_adapter ?? "none"],
  ];
  return [
    ...facts.map(([name, value]) => `${name.padEnd(26)}${value}`),
    "",
    ...certificateLines(report.certificate),
  ].join("\n");
}

function certificateLines({ texts, size, rows, passed }: Certificate): string[] {
  return [
    `Kernel of nano-gpt-neo on ${texts} texts, ${size}×${size}, largest difference from the reference over its largest entry:`,
    "  backend        workers  precision    kernel        f0  at most  bits              seconds",
    ...rows.map((row) =>
      [
        `  ${row.backend.padEnd(14)}`,
        String(row.workers).padStart(7),
        ` ${row.precision.padEnd(9)}`,
        row.kernel_difference.toExponential(1).padStart(8),
        row.f0_difference.toExponential(1).padStart(9),
        row.tolerance.toExponential(0).padStart(8),
        ` ${row.bits}`,
        row.seconds.toFixed(2).padStart(8),
        row.within ? "" : " OUT OF TOLERANCE",
      ].join(" "),
    ),
    passed
      ? "All backends agree."
      : "Not all backends agree: do not trust the numbers of those out of tolerance.",
  ];
}

export function doctorCommand(program: Command, exit: (status: number) => void): void {
  program
    .command("doctor")
    .description(
      "what this runtime has, and whether every backend computes the same small kernel (exit 1 if not)",
    )
    .option("--json", "print one JSON document on stdout and nothing else")
    .option("--quiet", "no progress on stderr")
    .addHelpText("after", "\nExample:\n  ntkit doctor\n")
    .action(async (options: { json?: boolean; quiet?: boolean }) => {
      exit(
        await run(options, async (job) => {
          const [ntkit, report] = await Promise.all([
            version(),
            doctor(await asset("nano-gpt-neo"), job.long),
          ]);
          return {
            text: doctorText(ntkit, report),
            json: { version: ntkit, ...report },
            failed: !report.certificate.passed,
          };
        }),
      );
    });
}
