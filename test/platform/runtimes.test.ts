/** Same seed, same numbers: the built package in Node, Deno, Bun and Chromium, on one and on two workers, to the last bit. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const bin = (name: string) => join(root, "node_modules/.bin", name);
const script = join(import.meta.dirname, "run.mjs");

interface Answer {
  error?: string;
  workers: number;
  wasm: string;
  isolated?: boolean;
  products: { onWorkers: string[]; alone: string[] };
}

/** Without what may differ. */
const comparable = ({ workers: _, wasm: __, isolated: ___, ...rest }: Answer) => rest;

function runIn(command: string, args: string[]): Answer {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", cwd: root });
  if (status !== 0) throw new Error(`${command}: status ${status}\n${stderr}`);
  return JSON.parse(stdout.trim().split("\n").at(-1) as string);
}

const system = ["/usr/local/bin/node", "/usr/bin/node"].find((path) => existsSync(path));
if (!system) console.warn("no system Node beside the development one: that row is skipped");
const runtimes: [name: string, command: string, before: string[]][] = [
  ...(system ? [["system Node", system, []] as [string, string, string[]]] : []),
  ["Deno", bin("deno"), ["run", "--allow-all"]],
  ["Bun", bin("bun"), []],
];

const truth = runIn(process.execPath, [script, "1"]);

describe("the same bits", () => {
  it("of products on a worker and in the caller's thread", () => {
    expect(truth.products.onWorkers).toEqual(truth.products.alone);
    expect(new Set(truth.products.alone).size).toBe(3);
  });

  it("in Node on two workers", () => {
    const two = runIn(process.execPath, [script, "2"]);
    expect(two.workers).toBe(2);
    expect(comparable(two)).toEqual(comparable(truth));
  });

  for (const [name, command, before] of runtimes) {
    it(`in ${name}, on one and on two workers`, () => {
      for (const workers of ["1", "2"]) {
        const found = runIn(command, [...before, script, workers]);
        expect(found.workers).toBe(Number(workers));
        expect(comparable(found)).toEqual(comparable(truth));
      }
    });
  }
});

const browser = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (!browser) console.warn("no Chromium (apt-get install chromium): the page's row is skipped");

describe.skipIf(!browser)("in a page in Chromium", () => {
  const types: Record<string, string> = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
  };
  let folder: string;
  let server: Server;

  /** Serves the bundle and the assets; isolated or not by its headers, under a policy that forbids eval. */
  function serve(isolated: boolean): Promise<string> {
    server = createServer((request, response) => {
      const path = normalize(new URL(request.url ?? "/", "http://host").pathname);
      const file = path.startsWith("/assets/") ? join(root, path) : join(folder, path);
      response.setHeader(
        "Content-Security-Policy",
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'",
      );
      if (isolated) {
        response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
        response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
      }
      if (path === "/page.html") {
        response.setHeader("Content-Type", "text/html");
        response.end('<!doctype html><title>ntkit</title><script type="module" src="/page.js"></script>');
      } else if (existsSync(file)) {
        response.setHeader("Content-Type", types[extname(file)] ?? "application/octet-stream");
        response.end(readFileSync(file));
      } else {
        response.statusCode = 404;
        response.end();
      }
    });
    return new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () =>
        resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
      );
    });
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "ntkit-page-"));
    await build({
      entryPoints: {
        page: join(import.meta.dirname, "page.mjs"),
        worker: join(root, "build/worker.js"),
        numericsWorker: join(root, "build/numericsWorker.js"),
      },
      outdir: folder,
      bundle: true,
      splitting: true,
      format: "esm",
      target: "es2022",
      external: ["node:*"],
      chunkNames: "chunks/[name]-[hash]",
      logLevel: "error",
    });
  });
  afterAll(() => server?.close());

  for (const isolated of [true, false]) {
    it(isolated ? "with shared memory (cross-origin isolated)" : "without shared memory", async () => {
      const address = await serve(isolated);
      const instance = await chromium.launch({
        executablePath: browser,
        args: ["--no-sandbox", "--disable-gpu"],
      });
      try {
        const page = await instance.newPage();
        const complaints: string[] = [];
        page.on("pageerror", (error) => complaints.push(String(error)));
        page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
        await page.goto(`${address}/page.html?workers=2`);
        const shown = await page.waitForSelector("#answer", { timeout: 100_000 });
        const answer = JSON.parse((await shown.textContent()) ?? "") as Answer;
        expect(complaints.filter((text) => !/favicon|404/.test(text))).toEqual([]);
        expect(answer.error).toBeUndefined();
        expect(answer.isolated).toBe(isolated);
        expect(answer.workers).toBe(2);
        expect(comparable(answer)).toEqual(comparable(truth));
      } finally {
        await instance.close();
        server.close();
      }
    });
  }
});
