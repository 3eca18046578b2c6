/** The package as others see it: names that resolve, with their types, from a project of their own. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { scratch } from "./support/cli.ts";

const root = join(import.meta.dirname, "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
let consumer: string;

beforeAll(() => {
  consumer = scratch();
  mkdirSync(join(consumer, "node_modules"));
  symlinkSync(root, join(consumer, "node_modules", "ntkit"), "dir");
  writeFileSync(join(consumer, "package.json"), JSON.stringify({ name: "consumer", type: "module" }));
});

/** Names the interface promises, by door, for what exists so far. */
const promised: Record<string, string[]> = {
  "ntkit/numerics": ["matmul", "syrk", "eigh", "eigsh", "cholesky", "solve"],
  "ntkit/model": ["loadModel", "loadTokenizer", "tokenize"],
  "ntkit/ntk": ["empiricalNtk", "openKernelStore"],
  "ntkit/theory": [
    ...["stoppingTime", "criticalRadius", "localRademacherComplexity", "riskCurve", "gradientDescentMse"],
    ...[
      "gradientDescent",
      "kernelRidge",
      "fitDecay",
      "learningCurve",
      "maxLearningRate",
      "effectiveDimension",
    ],
  ],
  "ntkit/report": ["renderReport", "renderChart"],
};

describe("the exports map", () => {
  it("resolves every door by name, at run time", () => {
    const script = Object.entries({ ...promised, ntkit: Object.values(promised).flat() })
      .map(
        ([door, names], i) =>
          `import * as m${i} from ${JSON.stringify(door)};
           for (const name of ${JSON.stringify(names)}) if (typeof m${i}[name] !== "function") throw new Error(${JSON.stringify(door)} + " lacks " + name);`,
      )
      .join("\n");
    writeFileSync(join(consumer, "names.mjs"), script);
    const { status, stderr } = spawnSync(process.execPath, ["names.mjs"], {
      cwd: consumer,
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  it("is typed: a consumer in strict TypeScript compiles, and a wrong call does not", () => {
    writeFileSync(
      join(consumer, "use.ts"),
      `import { eigh, matmul, syrk, eigsh } from "ntkit/numerics";
       import { loadModel, type TangentModel } from "ntkit/model";
       import { empiricalNtk } from "ntkit/ntk";
       import { stoppingTime } from "ntkit/theory";
       import { renderReport } from "ntkit/report";
       import { predict, type StudyRecord } from "ntkit";
       const product: Float32Array = await matmul(new Float32Array(6), new Float32Array(6), { m: 2, k: 3, n: 2 });
       const gram: Float64Array = await syrk(product, { n: 2, k: 2 });
       const { values }: { values: Float64Array } = await eigh(gram, 2);
       const top = await eigsh(gram, { n: 2, k: 1, which: "largest" });
       const { step }: { step: number } = await stoppingTime({ eigenvalues: values, n: 2, sigma: 1, norm: 1, stepSize: 0.1 });
       const model = await loadModel("folder", { backend: "wasm" });
       const tangent: TangentModel = model.readout({ kind: "head", outputs: 2, init: "zero", pool: "last" });
       const kernel = await empiricalNtk(tangent, { inputIds: new Int32Array(1), attentionMask: new Uint8Array(1), shape: [1, 1] }, null, {});
       const data: Float64Array = kernel.data;
       const html: string = renderReport({} as StudyRecord);
       console.log(step, top.converged, data.length, html.length, typeof predict);
       // @ts-expect-error which is one of three words
       void eigsh(gram, { n: 2, k: 1, which: "middle" });`,
    );
    writeFileSync(
      join(consumer, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          module: "nodenext",
          target: "es2022",
          lib: ["es2022", "dom"],
          strict: true,
          noEmit: true,
          types: [],
        },
        files: ["use.ts"],
      }),
    );
    const tsc = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "."], {
      cwd: consumer,
      encoding: "utf8",
    });
    expect(tsc.stdout).toBe("");
    expect(tsc.status).toBe(0);
  });
});

describe("what would be published", () => {
  it("holds the build, the shipped model and data, and nothing of the workshop", () => {
    const packed = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: root,
      encoding: "utf8",
    });
    const [{ files }] = JSON.parse(packed) as [{ files: { path: string }[] }];
    const paths = files.map(({ path }) => path);
    for (const needed of [
      ...[
        "build/cli.js",
        "build/index.js",
        "build/worker.js",
        "build/trainWorker.js",
        "build/record.schema.json",
        "build/types/index.d.ts",
      ],
      ...["assets/nano-gpt-neo/model.safetensors", "assets/snips/train.csv", "LICENSE", "README.md"],
    ]) {
      expect(paths).toContain(needed);
    }
    expect(paths.filter((path) => /^(src|test|bench|node_modules)\//.test(path))).toEqual([]);
  });

  it("has a bin that is a node script", () => {
    expect(readFileSync(join(root, manifest.bin.ntkit), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});
