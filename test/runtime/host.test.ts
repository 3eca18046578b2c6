import { afterEach, describe, expect, it, vi } from "vitest";
import { CallError } from "../../src/errors.ts";
import * as runtime from "../../src/runtime/index.ts";

afterEach(() => vi.unstubAllGlobals());

describe("host", () => {
  it("describes Node", () => {
    expect(runtime.describe()).toEqual({
      runtime: `node ${process.versions.node}`,
      platform: `${process.platform} ${process.arch}`,
    });
  });

  it("knows cores and memory", () => {
    expect(runtime.cores()).toBeGreaterThanOrEqual(1);
    const total = runtime.totalMemory() ?? Number.NaN;
    const free = runtime.freeMemory() ?? Number.NaN;
    expect(total).toBeGreaterThan(2 ** 27);
    expect(free).toBeGreaterThan(0);
    expect(free).toBeLessThanOrEqual(total);
  });

  it("describes a browser, where paths are refused and cores come from the navigator", async () => {
    vi.stubGlobal("process", undefined);
    vi.stubGlobal("navigator", {
      userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36",
      platform: "Linux x86_64",
      hardwareConcurrency: 6,
      deviceMemory: 4,
    });
    expect(runtime.describe()).toEqual({ runtime: "chrome 131.0.0.0", platform: "Linux x86_64" });
    expect(runtime.cores()).toBe(6);
    expect(runtime.totalMemory()).toBe(2 ** 32);
    expect(runtime.freeMemory()).toBeUndefined();
    const refused = runtime.readFile("model/config.json");
    await expect(refused).rejects.toThrow(CallError);
    await expect(refused).rejects.toThrow(/need Node, Deno or Bun.*map of name → Blob/);
    await expect(runtime.openFolder("model", "config.json")).rejects.toThrow(CallError);
  });

  it("starts a browser's own Worker where there is no process, and reports its death", async () => {
    class FakeWorker {
      static last: FakeWorker;
      posted: unknown[] = [];
      onmessage?: (event: { data: unknown }) => void;
      onerror?: (event: { message: string; preventDefault(): void }) => void;
      options: unknown;
      constructor(_url: URL, options: unknown) {
        this.options = options;
        FakeWorker.last = this;
      }
      postMessage(message: unknown) {
        this.posted.push(message);
      }
      terminate() {}
    }
    vi.stubGlobal("process", undefined);
    vi.stubGlobal("Worker", FakeWorker);
    const worker = runtime.spawnWorker(new URL("https://example.org/worker.js"));
    const heard: unknown[] = [];
    worker.onMessage((message) => heard.push(message));
    worker.onError((reason) => heard.push(reason));
    worker.post("hello");
    await Promise.resolve();
    expect(FakeWorker.last.options).toEqual({ type: "module" });
    expect(FakeWorker.last.posted).toEqual(["hello"]);
    FakeWorker.last.onmessage?.({ data: 7 });
    FakeWorker.last.onerror?.({ message: "Uncaught Error: gone", preventDefault() {} });
    expect(heard).toEqual([7, "Uncaught Error: gone"]);
    await worker.terminate();
  });
});
