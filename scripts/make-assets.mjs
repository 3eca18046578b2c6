// Makes assets/snips from the full data set: the first rows of each class, in the order of the file. The same every time.
//   node scripts/make-assets.mjs ../shared/data
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Papa from "papaparse";

const perClass = { train: 200, test: 50 };
const source = process.argv[2] ?? "../shared/data";

await mkdir("assets/snips", { recursive: true });
for (const [part, limit] of Object.entries(perClass)) {
  const { data, errors } = Papa.parse(await readFile(join(source, `snips-${part}.csv`), "utf8"), {
    header: true,
    skipEmptyLines: true,
  });
  if (errors.length > 0) throw new Error(`snips-${part}.csv: ${errors[0].message}`);
  const taken = new Map();
  const rows = data.filter(({ label }) => {
    taken.set(label, (taken.get(label) ?? 0) + 1);
    return taken.get(label) <= limit;
  });
  for (const [label, count] of taken) {
    if (count < limit) throw new Error(`snips-${part}.csv: ${count} rows of ${label}, expected ${limit}`);
  }
  await writeFile(`assets/snips/${part}.csv`, `${Papa.unparse(rows, { newline: "\n" })}\n`);
  console.log(`assets/snips/${part}.csv: ${rows.length} rows, ${taken.size} classes`);
}
