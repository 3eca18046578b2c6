/** `ntkit report RECORD`: record.json → one self-contained HTML file. */
import type { Command } from "commander";
import { DataError } from "../../errors.ts";
import { renderReport } from "../../report/index.ts";
import { readFile, writeFileAtomic } from "../../runtime/index.ts";
import { parseRecord } from "../../study/index.ts";
import { mustExist } from "../choices.ts";
import { run } from "../run.ts";

interface ReportOptions {
  out?: string;
  json?: boolean;
  quiet?: boolean;
}

export function reportCommand(program: Command, exit: (status: number) => void): void {
  program
    .command("report")
    .description("a record as one HTML file that opens anywhere")
    .argument("<record>", "record.json of a study")
    .option("--out <path>", "where to write (default: report.html beside the record)")
    .option("--json", "print one JSON document on stdout and nothing else")
    .option("--quiet", "no progress on stderr")
    .addHelpText("after", "\nExample:\n  ntkit report ntkit-demo/record.json --out report.html\n")
    .action(async (path: string, options: ReportOptions) => {
      exit(
        await run(options, async () => {
          await mustExist("RECORD", path, "the record.json that predict or demo wrote");
          const text = new TextDecoder().decode(await readFile(path));
          const record = parseRecord(parseJson(text, path), path);
          const out = options.out ?? path.replace(/[^/\\]*$/, "report.html");
          await writeFileAtomic(out, new TextEncoder().encode(renderReport(record)));
          return { text: out, json: { report: out } };
        }),
      );
    });
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DataError(`${path}: expected JSON, got ${(error as Error).message}`);
  }
}
