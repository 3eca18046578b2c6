/** Labelled text in every kind of file, and pairs of texts, through the real commands. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { beforeAll, describe, expect, it } from "vitest";
import { assets, csv, ntkit, scratch, twoKinds } from "../support/cli.ts";
import { hasShared, modelFolder } from "../support/shared.ts";

const model = join(assets, "nano-gpt-neo");
let folder: string;
beforeAll(() => {
  folder = scratch();
});

const kernel = (data: string, ...more: string[]) => {
  const out = scratch();
  const { status, stderr } = ntkit([
    "kernel",
    "--model",
    model,
    "--data",
    data,
    "--out",
    out,
    "--quiet",
    ...more,
  ]);
  expect([status, stderr]).toEqual([0, ""]);
  return readFileSync(join(out, "kernel.npy"));
};

describe("--data", () => {
  it("gives the same kernel from .csv, .tsv, .jsonl and .parquet", () => {
    const expected = kernel(csv(folder, "a.csv", twoKinds));
    const tsv = ["text\tlabel", ...twoKinds.map((row) => row.join("\t"))].join("\n");
    const jsonl = twoKinds.map(([text, label]) => JSON.stringify({ label, text })).join("\n");
    const parquet = parquetWriteBuffer({
      columnData: [
        { name: "label", data: twoKinds.map(([, label]) => label) },
        { name: "text", data: twoKinds.map(([text]) => text) },
      ],
    });
    for (const [name, content] of [
      ["a.tsv", tsv],
      ["a.jsonl", jsonl],
      ["a.parquet", new Uint8Array(parquet)],
    ] as const) {
      writeFileSync(join(folder, name), content);
      expect(kernel(join(folder, name)).equals(expected)).toBe(true);
    }
  });

  it("names what is wrong with a .parquet file", () => {
    const path = join(folder, "bad.parquet");
    writeFileSync(path, "text,label\n");
    const run = (...more: string[]) =>
      ntkit(["kernel", "--model", model, "--data", path, "--quiet", ...more]);
    expect([run().status, run().stderr]).toEqual([
      1,
      expect.stringMatching(/bad.parquet: unreadable parquet/),
    ]);
    writeFileSync(path, new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "x", data: ["a"] }] })));
    expect([run().status, run().stderr]).toEqual([2, expect.stringMatching(/bad.parquet: .* name one of x/)]);
    const { status, stderr } = run("--text", "x", "--label", "y");
    expect([status, stderr]).toEqual([2, expect.stringMatching(/bad.parquet: expected a column y, got x/)]);
  });
});

const pairs = twoKinds.map(([text, label], i) => ({
  premise: text,
  hypothesis: twoKinds[(i * 5) % 12][0],
  label,
}));

describe("--text-pair", () => {
  const write = (name: string, rows: object[]) => {
    writeFileSync(join(folder, name), rows.map((row) => JSON.stringify(row)).join("\n"));
    return join(folder, name);
  };

  it("reads pairs, which a GPT sees as one text", () => {
    const data = write("pairs.jsonl", pairs);
    const both = kernel(data, "--text", "premise", "--text-pair", "hypothesis");
    expect(both.equals(kernel(data, "--text", "premise"))).toBe(false);
    // A GPT's tokenizer puts nothing between: the pair is the second text right after the first, where its first word keeps its tokens.
    const joined = pairs.map(({ premise, hypothesis, label }) => ({
      premise,
      hypothesis: ` ${hypothesis}`,
      label,
    }));
    const spaced = kernel(write("spaced.jsonl", joined), "--text", "premise", "--text-pair", "hypothesis");
    const single = joined.map(({ premise, hypothesis, label }) => ({ text: premise + hypothesis, label }));
    expect(spaced.equals(kernel(write("single.jsonl", single)))).toBe(true);
  });

  it("counts what is cut of pairs, and names a column that is not there", () => {
    const data = write("cut.jsonl", pairs);
    const args = [
      "predict",
      "--model",
      model,
      "--data",
      data,
      "--text",
      "premise",
      "--out",
      join(folder, "cut"),
      "--json",
    ];
    const ran = ntkit([...args, "--text-pair", "hypothesis", "--max-length", "5"]);
    expect(ran.status).toBe(0);
    const record = JSON.parse(ran.stdout);
    expect([record.data.truncated_texts, record.data.longest_tokens]).toEqual([12, 5]);
    const wrong = ntkit([...args, "--text-pair", "claim"]);
    expect([wrong.status, wrong.stderr]).toEqual([
      2,
      expect.stringMatching(/cut.jsonl: expected a column claim, got premise, hypothesis, label/),
    ]);
  });

  it.skipIf(!hasShared)("tells an encoder which text is which", () => {
    const data = write("encoder.jsonl", pairs);
    const run = (...columns: string[]) => {
      const ran = ntkit(["inspect", modelFolder("minilm"), "--data", data, "--json", "--quiet", ...columns]);
      expect([ran.status, ran.stderr]).toEqual([0, ""]);
      return JSON.parse(ran.stdout).kernel.longest_tokens as number;
    };
    const alone = run("--text", "premise");
    const other = run("--text", "hypothesis");
    const both = run("--text", "premise", "--text-pair", "hypothesis");
    expect(both).toBeGreaterThan(Math.max(alone, other));
    expect(both).toBeLessThanOrEqual(alone + other - 1); // [CLS] a [SEP] b [SEP] has one special token fewer than both alone
  });
});
