/** Every readout end to end: small models of ../shared with a tokenizer of letters, and labelled text of a dozen rows. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { StudyRecord } from "../../src/study/record.ts";
import { assets, csv, ntkit, scratch, twoKinds } from "../support/cli.ts";
import { hasShared, referenceFolder } from "../support/shared.ts";

const marks = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"];
const letters = [..."abcdefghijklmnopqrstuvwxyz"].flatMap((letter) => [letter, `##${letter}`]);
const vocabulary = [...marks, ...letters, ".", "it", "was", "song", "rain"];
const special = (token: string) => ({ SpecialToken: { id: token, type_id: 0 } });

/** A WordPiece of letters and a few words, for models of 128 words. */
const tokenizerJson = {
  added_tokens: marks.map((content, id) => ({ id, content, special: true, normalized: false })),
  normalizer: { type: "Lowercase" },
  pre_tokenizer: { type: "WhitespaceSplit" },
  post_processor: {
    type: "TemplateProcessing",
    single: [special("[CLS]"), { Sequence: { id: "A", type_id: 0 } }, special("[SEP]")],
    pair: [special("[CLS]"), { Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 0 } }],
    special_tokens: {},
  },
  decoder: null,
  model: {
    type: "WordPiece",
    unk_token: "<unk>",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(vocabulary.map((word, i) => [word, i])),
  },
};

let folder: string;
let data: string;

/** The reference model with that tokenizer, and config.json changed. */
function model(name: string, changes: Record<string, unknown> = {}): string {
  const to = join(folder, `${name}-${Object.keys(changes).length}`);
  mkdirSync(to, { recursive: true });
  const config = JSON.parse(readFileSync(join(referenceFolder(name), "config.json"), "utf8"));
  copyFileSync(join(referenceFolder(name), "model.safetensors"), join(to, "model.safetensors"));
  writeFileSync(join(to, "config.json"), JSON.stringify({ ...config, ...changes }));
  writeFileSync(join(to, "tokenizer.json"), JSON.stringify(tokenizerJson));
  return to;
}

const base = ["--workers", "1", "--max-length", "30", "--folds", "3", "--json", "--quiet"];
let runs = 0;
function predict(from: string, args: string[], rows = data) {
  const out = join(folder, `study-${runs++}`);
  const ran = ntkit(["predict", "--model", from, "--data", rows, "--out", out, ...base, ...args]);
  return {
    ...ran,
    record: () => JSON.parse(ran.stdout) as StudyRecord,
    report: () => readFileSync(join(out, "report.html"), "utf8"),
  };
}

beforeAll(() => {
  folder = scratch();
  data = csv(folder, "train.csv", twoKinds);
});

describe.skipIf(!hasShared)("--readout checkpoint", () => {
  it("matches labels by name, says so, and counts the outputs no text stands for", () => {
    const id2label = { 0: "Weather", 1: "sport", 2: "Music" };
    const from = model("gpt-neo-cls-tiny", { id2label, label2id: null });
    const ran = predict(from, ["--readout", "checkpoint", "--test", data]);
    expect(ran.stderr).toBe("");
    expect(ran.status).toBe(0);
    const record = ran.record();
    expect(record.readout).toMatchObject({
      kind: "checkpoint",
      init: null,
      classifier: { names: ["Weather", "sport", "Music"], matched: "name" },
    });
    expect(record.data.classes).toEqual(["weather", "sport", "music"]);
    expect(record.data.train_per_class).toEqual([6, 0, 6]);
    expect(record.kernel.size).toBe(36);
    expect(record.warnings.join()).toContain("No text is labelled sport");
    expect(ran.report()).toContain("labels matched to its outputs by name");
  });

  it("reads BERT's classifier by order where it must, with a kernel store that stop takes", () => {
    const three = csv(folder, "three.csv", [...twoKinds, ["a b c", "other"], ["b c d", "other"]]);
    const ran = predict(model("bert-tiny"), ["--readout", "checkpoint"], three);
    expect(ran.record().readout.classifier).toEqual({
      names: ["LABEL_0", "LABEL_1", "LABEL_2"],
      matched: "order",
    });
    expect(ran.record().warnings.join()).toContain("music → LABEL_0, other → LABEL_1, weather → LABEL_2");
    const store = join(folder, "store");
    const kernel = ["kernel", "--model", model("bert-tiny"), "--data", three, "--readout", "checkpoint"];
    expect(ntkit([...kernel, "--workers", "1", "--max-length", "30", "--out", store]).status).toBe(0);
    const stop = ntkit(["stop", store, "--folds", "3", "--json", "--quiet"]);
    expect(JSON.parse(stop.stdout).answer).toEqual(ran.record().prediction.answer);
  });

  it("is refused with both lists where labels do not fit, and where there is no classifier", () => {
    const misfit = predict(model("gpt-neo-cls-tiny"), ["--readout", "checkpoint"]);
    expect(misfit.status).toBe(1);
    expect(misfit.stderr).toMatch(/3 outputs .*\(LABEL_0, LABEL_1, LABEL_2\), got 2 \(music, weather\)/);
    const none = predict(model("bert-mlm-tiny"), ["--readout", "checkpoint"]);
    expect(none.status).toBe(2);
    expect(none.stderr).toMatch(/--readout: expected one that this checkpoint \(bert\) has: head, prompt/);
  });
});

describe.skipIf(!hasShared).each(["bert-mlm-tiny", "roberta-tiny"])(
  "--readout prompt at a mask, %s",
  (name) => {
    const words = ["--readout", "prompt", "--words", "song,rain"];

    it("reads label words at the mask; a long text is cut, not the template", () => {
      const template = "{text} it was a {mask} .";
      const ran = predict(model(name), [...words, "--template", template]);
      expect(ran.stderr).toBe("");
      const record = ran.record();
      expect(record.readout).toMatchObject({ kind: "prompt", template, label_words: ["song", "rain"] });
      expect(record.data.longest_tokens).toBeLessThanOrEqual(30);
      expect(record.data.truncated_texts).toBeGreaterThan(0);
      expect(ran.report()).toContain("at the mask of a prompt");
    });

    it("has a template of its own, and refuses one without a mask and words that are not one token", () => {
      expect(predict(model(name), words).record().readout.template).toBe("{text} It was {mask}.");
      const without = predict(model(name), [...words, "--template", "{text} It was"]);
      expect(without.status).toBe(2);
      expect(without.stderr).toContain("exactly one {mask}");
      const several = predict(model(name), ["--readout", "prompt", "--words", "songs,cloud"]);
      expect(several.status).toBe(1);
      expect(several.stderr).toMatch(/"songs" is 2 \(song ##s\), "cloud" is 5 \(c ##l ##o ##u ##d\)/);
    });
  },
);

describe("the shipped model", () => {
  const shipped = join(assets, "nano-gpt-neo");

  it("starts from a probe: penalty and losses are in the record and in the report", () => {
    const ran = predict(shipped, ["--head", "probe", "--test", data]);
    expect(ran.stderr).toBe("");
    const { readout, curves, warnings } = ran.record();
    expect(readout).toMatchObject({ kind: "head", init: "probe", head_scale: null, pool: "mean" });
    const { penalty, loo_loss, train_loss } = readout.probe!;
    expect(penalty).toBeGreaterThan(0);
    expect(loo_loss).toBeGreaterThan(train_loss);
    // The curve starts where the probe ends; float32 against float64.
    expect(curves.train_loss[0] / train_loss).toBeCloseTo(1, 3);
    expect(warnings.join()).toContain("rules that read the training residuals");
    expect(ran.report()).toContain("the best by leave-one-out");
  });

  it("has neither a mask nor a classifier", () => {
    const masked = predict(shipped, [
      "--readout",
      "prompt",
      "--words",
      "good,new",
      "--template",
      "{text} {mask}",
    ]);
    expect(masked.status).toBe(2);
    expect(masked.stderr).toContain("no {mask}, as this model reads on");
    const none = predict(shipped, ["--readout", "checkpoint"]);
    expect(none.stderr).toMatch(
      /\(gpt_neo\) has: head, prompt, got checkpoint; try a checkpoint with a classifier/,
    );
  });
});
