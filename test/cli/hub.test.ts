/** `hub:` names in the commands, against a hub on the loopback. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { assets, csv, ntkitBeside, scratch, twoKinds } from "../support/cli.ts";
import { commitOf, type LoopbackHub, loopbackHub } from "../support/hub.ts";

const shipped = join(assets, "nano-gpt-neo");
const HEAD = commitOf("nano");
let hub: LoopbackHub;
let env: Record<string, string>;
let folder: string;
let data: string;
beforeAll(async () => {
  const files = Object.fromEntries(
    readdirSync(shipped).map((name) => [name, new Uint8Array(readFileSync(join(shipped, name)))]),
  );
  hub = await loopbackHub({ "acme/nano": { commits: { [HEAD]: files }, branches: { main: HEAD } } });
  folder = scratch();
  data = csv(folder, "train.csv", twoKinds);
  env = { HF_ENDPOINT: hub.endpoint, HF_HOME: join(folder, "hf"), HF_TOKEN: "hf_of_the_hub" };
});
afterAll(() => hub.close());

describe("hub names", () => {
  it("are fetched by inspect, and found in the cache by kernel when there is no hub", async () => {
    const seen = await ntkitBeside(["inspect", "hub:acme/nano", "--json"], env);
    expect([seen.status, seen.stderr]).toEqual([
      0,
      expect.stringContaining("fetching hub:acme/nano/model.safetensors"),
    ]);
    const local = await ntkitBeside(["inspect", shipped, "--json"], {});
    const report = JSON.parse(seen.stdout);
    expect(report).toEqual({ ...JSON.parse(local.stdout), source: `hub:acme/nano@${HEAD}` });

    const asked = hub.asked.length;
    const offline = { ...env, HF_HUB_OFFLINE: "1" };
    const args = ["kernel", "--model", "hub:acme/nano", "--data", data, "--out", join(folder, "k"), "--json"];
    const made = await ntkitBeside(args, offline);
    expect([made.status, hub.asked.length]).toEqual([0, asked]);
    const { manifest } = JSON.parse(made.stdout);
    expect(manifest.model).toEqual({ source: `hub:acme/nano@${HEAD}`, fingerprint: report.fingerprint });
  });

  it("that are wrong end with 2, a hub that does not answer with 1, each in one sentence", async () => {
    const wrong = await ntkitBeside(["inspect", "hub:nano"], env);
    expect([wrong.status, wrong.stderr]).toEqual([
      2,
      expect.stringMatching(/^ntkit: .*hub:owner\/name.*\n$/),
    ]);
    const none = await ntkitBeside(["predict", "--model", "hub:acme/none", "--data", data, "--quiet"], env);
    expect([none.status, none.stderr]).toEqual([2, expect.stringMatching(/^ntkit: hub:acme\/none: .*\n$/)]);
    const empty = { ...env, HF_HOME: join(folder, "empty"), HF_HUB_OFFLINE: "1" };
    const missing = await ntkitBeside(["inspect", "hub:acme/nano"], empty);
    expect([missing.status, missing.stderr]).toEqual([
      1,
      expect.stringMatching(/^ntkit: .*HF_HUB_OFFLINE.*\n$/),
    ]);
  });
});
