/** The commands end to end, on the shipped model: what they print, write and return. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { StudyRecord } from "../../src/study/record.ts";
import { assets, csv, ntkit, scratch, twoKinds } from "../support/cli.ts";

const model = join(assets, "nano-gpt-neo");
let folder: string;
let data: string;
beforeAll(() => {
  folder = scratch();
  data = csv(folder, "train.csv", twoKinds);
});

describe("ntkit kernel, spectrum, stop", () => {
  it("agree with predict on the same model and data", () => {
    const store = join(folder, "kernel");
    const made = ntkit([
      "kernel",
      "--model",
      model,
      "--data",
      data,
      "--test",
      data,
      "--out",
      store,
      "--json",
    ]);
    expect(made.stderr).not.toMatch(/error|should not/i);
    expect(made.status).toBe(0);
    expect(existsSync(join(store, "manifest.json"))).toBe(true);

    const spectrum = JSON.parse(ntkit(["spectrum", store, "--all", "--json", "--quiet"]).stdout);
    expect(spectrum.size).toBe(24);
    const top = JSON.parse(ntkit(["spectrum", store, "--top", "3", "--json", "--quiet"]).stdout);
    for (let i = 0; i < 3; i++) {
      expect(top.eigenvalues[i] / spectrum.eigenvalues[i]).toBeCloseTo(1, 9);
    }

    const stop = JSON.parse(ntkit(["stop", store, "--json", "--quiet"]).stdout);
    const out = join(folder, "study");
    const predicted = ntkit([
      "predict",
      "--model",
      model,
      "--data",
      data,
      "--test",
      data,
      "--out",
      out,
      "--json",
    ]);
    expect(predicted.status).toBe(0);
    const record = JSON.parse(predicted.stdout) as StudyRecord;
    expect(record.prediction.answer).toEqual(stop.answer);
    expect(record.prediction.rules).toEqual(stop.rules);
    expect(record.curves).toEqual(stop.curves);
    expect(JSON.parse(readFileSync(join(out, "record.json"), "utf8"))).toEqual(record);
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("<svg");

    // The record makes the same report again.
    const again = join(folder, "again.html");
    expect(ntkit(["report", join(out, "record.json"), "--out", again]).status).toBe(0);
    expect(readFileSync(again, "utf8")).toBe(readFileSync(join(out, "report.html"), "utf8"));
  });

  it("go through one .npz file as through a store", () => {
    const given = ["--model", model, "--data", data, "--quiet", "--outputs", "pseudo"];
    const [store, file] = [join(folder, "pseudo"), join(folder, "pseudo.npz")];
    expect(ntkit(["kernel", ...given, "--out", store]).status).toBe(0);
    expect(ntkit(["kernel", ...given, "--out", file]).status).toBe(0);
    const own = ntkit(["stop", store, "--json", "--quiet"]);
    expect(own.status).toBe(0);
    expect(ntkit(["stop", file, "--json", "--quiet"]).stdout).toBe(own.stdout);
    const bare = ["stop", join(store, "kernel.npy"), "--targets", file, "--f0", file, "--json", "--quiet"];
    expect(ntkit(bare).stdout).toBe(own.stdout);
  });

  it("gives the same numbers for the same seed and any number of workers", () => {
    const one = ntkit([
      "predict",
      "--model",
      model,
      "--data",
      data,
      "--workers",
      "1",
      "--json",
      "--out",
      join(folder, "w1"),
    ]);
    const two = ntkit([
      "predict",
      "--model",
      model,
      "--data",
      data,
      "--workers",
      "2",
      "--json",
      "--out",
      join(folder, "w2"),
    ]);
    const a = JSON.parse(one.stdout) as StudyRecord;
    const b = JSON.parse(two.stdout) as StudyRecord;
    expect(a.spectrum).toEqual(b.spectrum);
    expect(a.prediction).toEqual(b.prediction);
  });

  it("reads the prompt readout, calibrated and said so", () => {
    const ran = ntkit([
      ...["predict", "--model", model, "--data", data, "--readout", "prompt", "--template", "{text}. It was"],
      ...["--words", " good, new", "--out", join(folder, "prompt"), "--json"],
    ]);
    // Words are given trimmed; the tokenizer's own leading space is the tool's business.
    expect(ran.stderr).not.toMatch(/should not/);
    expect(ran.status).toBe(0);
    const record = JSON.parse(ran.stdout) as StudyRecord;
    expect(record.readout).toMatchObject({ kind: "prompt", calibrated: true, label_words: ["good", "new"] });
    expect(record.warnings.join(" ")).toMatch(/calibration/);
  });
});

describe("kernels of other kinds", () => {
  it("go into a store, each with its zeros and groups, and stop reads those it can", () => {
    const store = join(folder, "signs");
    const given = ["--model", model, "--data", data, "--test", data, "--json"];
    const made = ntkit([
      ...["kernel", ...given, "--kernel", "signgd", "--outputs", "mean"],
      ...["--by-group", "--parameters", "body", "--out", store],
    ]);
    expect(made.status).toBe(0);
    const { manifest, zero_signs } = JSON.parse(made.stdout);
    expect(manifest.options).toMatchObject({ kernel: "signgd", outputs: "mean", parameters: "body" });
    expect(manifest.files["kernel.npy"].shape).toEqual([12, 12]);
    expect(manifest.files["cross.attention.q.npy"].shape).toEqual([12, 12]);
    expect(zero_signs["transformer.wte.weight"]).toBeGreaterThan(0);
    const stop = ntkit(["stop", store, "--json", "--quiet"]);
    expect(stop.status).toBe(0);
    expect(JSON.parse(stop.stdout)).toMatchObject({ n: 12, outputs: 2 });
    const sure = JSON.parse(ntkit(["stop", store, "--bootstrap", "5", "--json", "--quiet"]).stdout);
    expect(sure.answer).toEqual(JSON.parse(stop.stdout).answer);
    expect(sure.uncertainty.bootstrap).toMatchObject({
      samples: 5,
      interval_steps: { gcv: expect.any(Array) },
    });
    expect(ntkit(["stop", store, "--bootstrap", "5", "--quiet"]).stdout).toContain(
      "spread over 5 resamples (95 %): ",
    );
    const spectrum = JSON.parse(ntkit(["spectrum", store, "--json", "--quiet"]).stdout);
    expect(spectrum).toMatchObject({ n: 12, size: 12, outputs: 1 });

    const predicted = ntkit([
      ...["predict", ...given, "--kernel", "signgd", "--outputs", "mean", "--parameters", "body"],
      ...["--by-group", "--out", join(folder, "signs-study")],
    ]);
    expect(predicted.status).toBe(0);
    const record = JSON.parse(predicted.stdout) as StudyRecord;
    expect(record.kernel).toMatchObject({ kind: "signgd", outputs: "mean", size: 24 });
    expect(Object.values(record.kernel.groups!).reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    expect(record.prediction.answer).toEqual(JSON.parse(stop.stdout).answer);
    expect(record.warnings.join(" ")).toMatch(/signs.*one kernel/is);
  });

  it("are refused where nothing can be read from them", () => {
    const given = ["--model", model, "--data", data, "--quiet"];
    const asymmetric = ntkit(["predict", ...given, "--kernel", "asymmetric"]);
    expect(asymmetric.status).toBe(2);
    expect(asymmetric.stderr).toMatch(/symmetric kernel/);
    expect(ntkit(["predict", ...given, "--outputs", "sum"]).stderr).toMatch(/mean/);
    expect(ntkit(["kernel", ...given, "--outputs", "max"]).status).toBe(2);
    expect(ntkit(["kernel", ...given, "--outputs", "2"]).stderr).toMatch(/0 to 1/);
    const store = join(folder, "asymmetric");
    expect(
      ntkit(["kernel", ...given, "--kernel", "asymmetric", "--outputs", "1", "--out", store]).status,
    ).toBe(0);
    const stop = ntkit(["stop", store, "--quiet"]);
    expect(stop.status).toBe(2);
    expect(stop.stderr).toMatch(/asymmetric/);
  });
});

describe("ntkit inspect", () => {
  it("counts parameters by group and estimates a kernel", () => {
    const ran = ntkit(["inspect", model, "--data", data, "--json"]);
    expect(ran.status).toBe(0);
    const report = JSON.parse(ran.stdout);
    expect(report.architecture).toBe("gpt_neo");
    const sum = Object.values(report.parameters_by_group as Record<string, number>).reduce(
      (a, b) => a + b,
      0,
    );
    expect(sum).toBe(report.parameters);
    expect(report.kernel).toMatchObject({ n: 12, outputs: 2, size: 24 });
    expect(report.kernel.bytes).toBeGreaterThan(0);
    expect(report.kernel.plan).toMatchObject({ cut: { train: [0, 12], test: null }, tiles: 1, passes: 1 });
    const small = ntkit(["inspect", model, "--data", data, "--memory", "32MiB"]);
    expect(small.stdout).toMatch(/plan: 2 bands of texts, 3 tiles in 2 passes, every text run 1\.\d times/);
    const pseudo = JSON.parse(
      ntkit(["inspect", model, "--data", data, "--json", "--outputs", "pseudo"]).stdout,
    );
    expect(pseudo.kernel.size).toBe(12);
    expect(pseudo.kernel.seconds).toBeLessThan(report.kernel.seconds);
  });

  it("says where the weights go, and what that costs", () => {
    const inspect = (...options: string[]) => ntkit(["inspect", model, "--data", data, ...options]);
    const report = (...options: string[]) => JSON.parse(inspect("--json", ...options).stdout);
    const resident = report();
    expect(resident.weights).toMatchObject({ mode: "resident", read_per_pass: 0 });
    expect(resident.kernel.bytes_read).toBe(0);
    const streaming = report("--weights", "streaming");
    expect(streaming.weights).toMatchObject({ mode: "streaming", stored: resident.weights.stored });
    expect(streaming.weights.passes).toEqual({ forward: 1, jvp: 1, vjp: 2 });
    expect(streaming.weights.in_memory).toBeLessThan(resident.weights.in_memory);
    expect(streaming.kernel.bytes_read).toBe(streaming.kernel.passes * streaming.weights.read_per_pass);
    expect(streaming.fingerprint).toBe(resident.fingerprint);
    const memory = String(Math.ceil(1.4 * streaming.weights.in_memory));
    expect(report("--memory", memory).weights).toEqual(streaming.weights);
    expect(inspect("--memory", memory).stdout).toMatch(/Weights streaming: .* stay in the files.*vjp 2/);
    const small = inspect("--memory", "1KiB");
    expect(small.status).toBe(2);
    expect(small.stderr).toMatch(/memory: expected at least .* MiB for weights that are streaming/);
  });
});

describe("the frame", () => {
  it("prints help with an example for every command", () => {
    for (const command of ["demo", "predict", "kernel", "spectrum", "stop", "inspect", "report"]) {
      const { status, stdout } = ntkit([command, "--help"]);
      expect(status).toBe(0);
      expect(stdout).toContain("Example:");
    }
  });

  it("exits 2 for a call that is wrong", () => {
    expect(ntkit(["no-such-command"]).status).toBe(2);
    expect(ntkit(["predict", "--no-such-option"]).status).toBe(2);
    expect(ntkit(["predict", "--model", model, "--data", data, "--lr", "-1"]).status).toBe(2);
    expect(ntkit(["predict", "--model", model, "--data", data, "--rule", "luck"]).status).toBe(2);
  });

  it("with --json prints one document on stdout and nothing else", () => {
    const { stdout } = ntkit(["inspect", model, "--json"]);
    expect(() => JSON.parse(stdout)).not.toThrow();
  });
});
