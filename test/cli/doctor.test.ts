/** `ntkit doctor` as a user runs it. */
import { expect, it } from "vitest";
import { ntkit } from "../support/cli.ts";

it("names what this runtime has, and certifies every backend", () => {
  const { status, stdout, stderr } = ntkit(["doctor", "--json", "--quiet"]);
  // Graphics drivers say on stderr what they miss; we say nothing.
  expect([status, stderr.includes("ntkit")]).toEqual([0, false]);
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({
    runtime: `node ${process.versions.node}`,
    wasm_simd: true,
    shared_memory: true,
  });
  expect(report.cores).toBeGreaterThan(0);
  const { rows, size, passed } = report.certificate;
  expect([size, passed]).toEqual([6, true]);
  const named = Object.fromEntries(rows.map((row: { backend: string }) => [row.backend, row]));
  expect(Object.keys(named).slice(0, 3)).toEqual(["reference", "wasm scalar", "wasm simd"]);
  expect("wasm relaxed" in named).toBe(report.wasm_relaxed_simd);
  expect(named["reference"].kernel_difference).toBe(0);
  // Single precision differs from double, and is the same on every portable target and for any number of workers.
  expect(named["wasm simd"].kernel_difference).toBeGreaterThan(0);
  expect(named["wasm scalar"].bits).toBe(named["wasm simd"].bits);
  expect([named["wasm"].bits, named["wasm"].workers]).toEqual([named["wasm simd"].bits, 2]);

  const text = ntkit(["doctor", "--quiet"]);
  expect(text.status).toBe(0);
  expect(text.stdout).toContain("All backends agree.");
});
