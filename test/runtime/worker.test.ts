import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { spawnWorker, type WorkerHandle } from "../../src/runtime/index.ts";

const folder = mkdtempSync(join(tmpdir(), "ntkit-worker-"));
const script = pathToFileURL(join(folder, "echo.mjs"));
beforeAll(async () => {
  await build({
    entryPoints: [join(import.meta.dirname, "fixtures/echo.ts")],
    outfile: join(folder, "echo.mjs"),
    bundle: true,
    format: "esm",
    platform: "neutral",
    packages: "external",
    external: ["node:*"],
    target: "es2022",
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

const answer = (worker: WorkerHandle) =>
  new Promise<unknown>((resolve, reject) => {
    worker.onMessage(resolve);
    worker.onError((reason) => reject(new Error(reason)));
  });

describe("spawnWorker", () => {
  it("answers, also what is posted before the thread is there, and moves what is transferred", async () => {
    const worker = spawnWorker(script);
    const values = new Float64Array([1, 2, 3.5]);
    const got = answer(worker);
    worker.post({ kind: "double", values }, [values.buffer]);
    expect(await got).toEqual(new Float64Array([2, 4, 7]));
    expect(values.length).toBe(0);
    await worker.terminate();
  });

  it("shares memory", async () => {
    const shared = new SharedArrayBuffer(4);
    const worker = spawnWorker(script);
    const got = answer(worker);
    worker.post({ kind: "add", shared });
    expect(await got).toBe("added");
    expect(new Int32Array(shared)[0]).toBe(1);
    await worker.terminate();
  });

  it.each([
    ["throw", /RangeError: the worker met its end/],
    ["reject", /RangeError: the promise of the worker was broken/],
    ["exit", /exit code 3/],
  ])("says why a worker died: %s", async (kind, reason) => {
    const worker = spawnWorker(script);
    const got = answer(worker);
    worker.post({ kind });
    await expect(got).rejects.toThrow(reason);
    await worker.terminate();
  });

  it("reports a script that is not there, and a message that cannot be cloned", async () => {
    const missing = spawnWorker(new URL("nothing-here.mjs", script));
    await expect(answer(missing)).rejects.toThrow(/nothing-here/);
    await missing.terminate();
    const worker = spawnWorker(script);
    const got = answer(worker);
    worker.post(() => 1);
    await expect(got).rejects.toThrow(/could not be cloned/);
    await worker.terminate();
  });

  it("tells a listener that comes late, and says nothing after terminate", async () => {
    const dying = spawnWorker(script);
    dying.post({ kind: "exit" });
    await new Promise<void>((resolve) => dying.onError(() => resolve()));
    const late: string[] = [];
    dying.onError((reason) => late.push(reason));
    expect(late).toHaveLength(1);

    const ended = spawnWorker(script);
    const reasons: string[] = [];
    ended.onError((reason) => reasons.push(reason));
    const got = answer(ended);
    ended.onError((reason) => reasons.push(reason));
    ended.post({ kind: "double", values: new Float64Array(1) });
    await got;
    await ended.terminate();
    expect(reasons).toEqual([]);
  });
});
