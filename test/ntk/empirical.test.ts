/** The assembly against a Jacobian that is written down in full. Where it meets real models: reference.test.ts. */
import { describe, expect, it } from "vitest";
import { empiricalNtk, estimateKernel, ntkBlocks } from "../../src/ntk/index.ts";
import type { Backend } from "../../src/numerics/backend.ts";
import { createBackend } from "../../src/numerics/index.ts";
import type { Progress } from "../../src/progress.ts";
import { relativeError } from "../support/distance.ts";
import { TOY, type ToyTangent, toyBatch, toyTangent, toyTexts } from "../support/toyTangent.ts";

const C = TOY.outputs;
const texts = toyTexts(23, 5);
const train = toyBatch(texts);
const test = toyBatch(toyTexts(9, 6));

/** Eigenvalue bounds by Rayleigh quotients would miss the smallest: Jacobi rotations, for a few dozen rows. */
function eigenvalues(matrix: Float64Array, n: number): number[] {
  const a = matrix.slice();
  for (let sweep = 0; sweep < 60; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const apq = a[p * n + q];
        if (apq === 0) continue;
        const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
        const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[k * n + p], a[k * n + q]];
          a[k * n + p] = c * x - s * y;
          a[k * n + q] = s * x + c * y;
        }
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[p * n + k], a[q * n + k]];
          a[p * n + k] = c * x - s * y;
          a[q * n + k] = s * x + c * y;
        }
      }
    }
  }
  return Array.from({ length: n }, (_, i) => a[i * n + i]).sort((x, y) => y - x);
}

describe("the toy network", () => {
  it("has the Jacobian of its own finite differences", async () => {
    const toy = toyTangent(await createBackend("reference"));
    const J = toy.jacobian(train);
    const names = Object.keys(toy.theta);
    let column = 0;
    for (const name of names) {
      for (let k = 0; k < toy.theta[name].length; k++, column++) {
        const kept = toy.theta[name][k];
        toy.theta[name][k] = kept + 1e-5;
        const above = (await toy.forward(train)).data;
        toy.theta[name][k] = kept - 1e-5;
        const below = (await toy.forward(train)).data;
        toy.theta[name][k] = kept;
        for (let i = 0; i < above.length; i++) {
          expect(Math.abs((above[i] - below[i]) / 2e-5 - J[i * toy.size + column])).toBeLessThan(1e-8);
        }
      }
    }
  });
});

describe.each([
  { name: "reference", tolerance: 1e-14 },
  { name: "wasm", tolerance: 1e-6 },
] as const)("empiricalNtk on the $name backend", ({ name, tolerance }) => {
  const make = async (): Promise<{ toy: ToyTangent; backend: Backend }> => {
    const backend = await createBackend(name);
    return { toy: toyTangent(backend), backend };
  };

  it("is J Jᵀ", async () => {
    const { toy } = await make();
    const { data, shape, f0 } = await empiricalNtk(toy, train, null, { workers: 0 });
    expect(shape).toEqual([23 * C, 23 * C]);
    expect(relativeError(data, toy.kernel(train, train))).toBeLessThan(tolerance);
    expect(Array.from(f0.data)).toEqual(Array.from((await toy.forward(train)).data));
    expect(f0.shape).toEqual([23, C]);
  });

  it("is J₁ J₂ᵀ between two batches", async () => {
    const { toy } = await make();
    const { data, shape, f0, f0_2 } = await empiricalNtk(toy, test, train, { workers: 1 });
    expect(shape).toEqual([9 * C, 23 * C]);
    expect(relativeError(data, toy.kernel(test, train))).toBeLessThan(tolerance);
    expect([f0.shape, f0_2?.shape]).toEqual([
      [9, C],
      [23, C],
    ]);
  });

  it("gives both blocks in one descent, the cross kernel that of the joint batch", async () => {
    const { toy } = await make();
    const blocks = await ntkBlocks(toy, train, test, { workers: 1 });
    const joint = await empiricalNtk(toy, toyBatch([...texts, ...toyTexts(9, 6)]), null, { workers: 1 });
    const N = 32 * C;
    const part = (rows: number, height: number) =>
      Float64Array.from({ length: height * 23 * C }, (_, k) => {
        const [i, j] = [Math.floor(k / (23 * C)), k % (23 * C)];
        return joint.data[(rows + i) * N + j];
      });
    expect(relativeError(blocks.train, part(0, 23 * C))).toBeLessThan(tolerance);
    expect(relativeError(blocks.cross as Float64Array, part(23 * C, 9 * C))).toBeLessThan(tolerance);
    expect(blocks.f0Test?.length).toBe(9 * C);
  });

  it("frees all it made", async () => {
    const { toy, backend } = await make();
    const before = backend.memory();
    await ntkBlocks(toy, train, test, { workers: 1 });
    expect(backend.memory().tensors).toBe(before.tensors);
    expect(backend.memory().bytesInUse).toBe(before.bytesInUse);
  });

  it("is symmetric to the last bit and not negative", async () => {
    const { toy } = await make();
    const { data } = await empiricalNtk(toy, train, null, { workers: 1 });
    const N = 23 * C;
    for (let i = 0; i < N; i++) for (let j = 0; j < i; j++) expect(data[i * N + j]).toBe(data[j * N + i]);
    const values = eigenvalues(data, N);
    expect(values[N - 1]).toBeGreaterThan(-1e-6 * values[0]);
  });

  it("adds up over groups, and over any split of the parameters", async () => {
    const { toy } = await make();
    const { data, groups = {} } = await empiricalNtk(toy, train, null, { workers: 1, byGroup: true });
    expect(Object.keys(groups).sort()).toEqual(["embedding", "head", "mlp"]);
    const sum = data.map((_, k) => Object.values(groups).reduce((s, group) => s + group[k], 0));
    expect(relativeError(sum, data)).toBeLessThan(1e-14);
    for (const [group, kernel] of Object.entries(groups)) {
      expect(
        relativeError(
          kernel,
          toy.kernel(train, train, (p) => p.group === group),
        ),
      ).toBeLessThan(tolerance);
      const alone = await empiricalNtk(toy, train, null, { workers: 1, parameters: group });
      expect(alone.data).toEqual(kernel);
    }
  });

  it.each([
    ["bias", /\.bias$/],
    ["body", /^(?!head)/],
    ["/places/", /places/],
  ])("takes the parameters %s", async (parameters, names) => {
    const { toy } = await make();
    const { data } = await empiricalNtk(toy, test, train, { workers: 1, parameters });
    expect(
      relativeError(
        data,
        toy.kernel(test, train, (p) => names.test(p.name)),
      ),
    ).toBeLessThan(tolerance);
  });

  it("permutes with the texts, and repeats with them", async () => {
    const { toy } = await make();
    const order = texts.map((_, i) => (i * 7) % texts.length);
    const { data } = await empiricalNtk(toy, train, null, { workers: 1 });
    const other = await empiricalNtk(toy, toyBatch(order.map((i) => texts[i])), null, { workers: 1 });
    const N = 23 * C;
    const expected = data.map((_, k) => {
      const [i, j] = [Math.floor(k / N), k % N];
      const place = (row: number) => order[Math.floor(row / C)] * C + (row % C);
      return data[place(i) * N + place(j)];
    });
    expect(relativeError(other.data, expected)).toBeLessThan(tolerance);

    const doubled = await empiricalNtk(toy, toyBatch([...texts, texts[4]]), null, { workers: 1 });
    const M = 24 * C;
    for (let j = 0; j < 23 * C; j++) {
      const scale = Math.sqrt(data[j * N + j]);
      const difference = doubled.data[23 * C * M + j] - doubled.data[4 * C * M + j];
      expect(Math.abs(difference)).toBeLessThanOrEqual(
        tolerance * scale * Math.sqrt(data[4 * C * N + 4 * C]),
      );
    }
  });
});

describe("a call", () => {
  const toy = async () => toyTangent(await createBackend("reference"));

  it("reports progress up to its end", async () => {
    const reports: Progress[] = [];
    await empiricalNtk(await toy(), train, null, {
      workers: 1,
      onProgress: (report) => reports.push(report),
    });
    const last = reports[reports.length - 1];
    expect(last.done).toBe(last.total);
    expect(reports.map((report) => report.done)).toEqual(
      reports.map((report) => report.done).sort((a, b) => a - b),
    );
  });

  it("stops when aborted, before and during the work", async () => {
    const before = AbortSignal.abort(new Error("not wanted"));
    await expect(empiricalNtk(await toy(), train, null, { workers: 1, signal: before })).rejects.toThrow(
      "not wanted",
    );
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error("enough"));
    await expect(
      empiricalNtk(await toy(), train, null, { workers: 1, signal: controller.signal, onProgress }),
    ).rejects.toThrow("enough");
  });

  it.each([
    [{ kernel: "adam" }, /kernel.*sgd, signgd, asymmetric.*adam/],
    [{ outputs: "max" }, /outputs.*full, mean, sum, pseudo.*0 to 1.*max/],
    [{ outputs: 2 }, /outputs.*0 to 1.*2/],
    [{ outputs: 0.5 }, /outputs.*0 to 1.*0.5/],
    [{ kernel: "signgd", deadZone: -1 }, /deadZone.*0 to below 1.*-1/],
    [{ parameters: "attention.q" }, /parameters: expected one of all, body, head/],
    [{ parameters: "attention" }, /at least one parameter/],
    [{ parameters: "/lora_/" }, /at least one parameter/],
    [{ parameters: "/(/" }, /REGEX/],
    [{ parameters: () => false }, /a predicate that is true for none/],
    [{ workers: 1.5 }, /workers.*whole number/],
    [{ workers: -1 }, /workers.*whole number/],
    [{ memory: 0 }, /memory.*positive/],
  ])("refuses %o", async (options, message) => {
    const call = empiricalNtk(await toy(), train, null, options as object);
    await expect(call).rejects.toThrow(message);
    await expect(call).rejects.toMatchObject({ name: "CallError" });
  });

  it("names the texts whose gradients overflow", async () => {
    const tangent = await toy();
    tangent.theta["head.weight"].fill(1e170);
    const call = empiricalNtk(tangent, test, train, { workers: 1 });
    await expect(call).rejects.toThrow(
      /kernel: expected finite numbers, got (NaN|Infinity) between texts 0 and 0/,
    );
    await expect(call).rejects.toMatchObject({ name: "DataError" });
  });

  it("refuses what memory cannot hold, and says what fits", async () => {
    const tangent = await toy();
    const memory = estimateKernel(tangent, train).bytes / 2;
    const call = empiricalNtk(tangent, train, null, { workers: 1, memory });
    await expect(call).rejects.toThrow(
      /kernel of 23 texts: expected at most .* got about .*; try at most \d+ texts/,
    );
    const fit = Number(
      /try at most (\d+) texts/.exec(String(await call.catch((error: Error) => error.message)))?.[1],
    );
    expect(fit).toBeGreaterThan(0);
    expect(fit).toBeLessThan(23);
    const less = await empiricalNtk(tangent, toyBatch(texts.slice(0, fit - 2)), null, { workers: 1, memory });
    expect(less.shape).toEqual([(fit - 2) * C, (fit - 2) * C]);
  });
});
