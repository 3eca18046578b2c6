/** What the page must say of a record, and what it must never become. */
import { describe, expect, it } from "vitest";
import { count } from "../../src/report/format.ts";
import { renderReport, renderText, type StudyRecord } from "../../src/report/index.ts";
import { clean } from "../../src/report/markup.ts";
import { answerSentence, givenRules, longName, ruleNames } from "../../src/report/words.ts";
import { parseRecord } from "../../src/study/readRecord.ts";
import { fixtureRecord, fixtureWithoutTest } from "../fixtures/record.ts";
import { all, type Node, parseMarkup, textOf } from "../support/markup.ts";
import { attacks, extremes, hostileRecord } from "./records.ts";

const page = (record: StudyRecord) => parseMarkup(renderReport(record), { html: true });
const section = (html: Node, id: string) =>
  all(html, "section").find((s) => s.attributes.get("aria-labelledby") === id)!;
const rows = (html: Node, id: string) =>
  all(all(section(html, id), "tbody")[0], "tr").map((row) =>
    row.children.map((cell) => textOf(cell as Node)),
  );
const embedded = (html: Node) => all(html, "script")[0].children.join("");

describe("renderReport", () => {
  it("answers first", () => {
    const record = fixtureRecord();
    const html = page(record);
    const [title] = all(html, "h1");
    expect(textOf(title)).toBe(answerSentence(record.prediction));
    expect(textOf(all(html, "main")[0]).indexOf(textOf(title))).toBeLessThan(120);
    expect(textOf(all(html, "title")[0])).toBe("When to stop: nano-gpt-neo on trec.csv · ntkit");
  });

  it("lists every rule: its step, or why it has none", () => {
    const record = fixtureRecord();
    const table = rows(page(record), "rules");
    expect(table.length).toBe(ruleNames.length);
    for (const { name, rule } of givenRules(record.prediction)) {
      const row = table.find(([head]) => head.startsWith(longName[name]))!;
      expect(row[1]).toBe(count(rule.step));
      expect(row[4]).toBe(rule.note);
    }
    for (const name of ["holdout", "loo"] as const) {
      const row = table.find(([head]) => head === longName[name])!;
      expect(row.slice(1)).toEqual(["–", "–", "none", record.prediction.rule_reasons[name]]);
    }
    expect(table.find(([head]) => head.endsWith("the answer"))![0]).toContain(longName.cv);
  });

  it("lists every assumption with its status in words", () => {
    const { assumptions } = fixtureRecord().prediction;
    const table = rows(page(fixtureRecord()), "assumptions");
    expect(table.map(([name]) => name)).toEqual(assumptions.map(({ name }) => name));
    expect(table.map(([, status]) => status)).toEqual(["✓ holds", "~ doubtful", "– not checked", "✗ fails"]);
  });

  it("tells where σ and B come from, and on which clock ε̂² is", () => {
    const { prediction } = fixtureRecord();
    const facts = textOf(section(page(fixtureRecord()), "noise"));
    expect(facts).toContain(prediction.sigma_source);
    // η̂ = 1/(C ε̂²) is passed by T̂ + 1 steps and not by T̂
    const eta = Number(/\(Cε̂²\) = ([\d.]+)/.exec(facts)![1]);
    const { step } = prediction.rules.rademacher!;
    expect(eta).toBeGreaterThanOrEqual(step * prediction.eta_per_step);
    expect(eta).toBeLessThan((step + 1) * prediction.eta_per_step + 5e-3 * eta);
  });

  it("tells the scale of a Gaussian head, and of no other", () => {
    const record = fixtureRecord();
    const model = () => textOf(section(page(record), "model"));
    expect(model()).toContain("zero head on the last state");
    expect(model()).not.toContain("variance");
    record.readout.init = "gaussian";
    record.readout.head_scale = 0.2263;
    expect(model()).toContain("gaussian head on the last state weights of variance s²/d, s = 0.226");
  });

  it.each([
    [
      { init: "probe", probe: { penalty: 0.25, loo_loss: 0.125, train_loss: 0.0625 } },
      "probe head on the last state fitted to the training texts with ridge penalty 0.25, the best by leave-one-out: loss 0.125 there, 0.0625 on its own texts",
    ],
    [
      { kind: "prompt", template: "{text} {mask}", label_words: ["no", "yes"] },
      "label words at the mask of a prompt {text} {mask}Label wordsno, yes",
    ],
    [{ kind: "prompt", template: "{text} is" }, "label words after a prompt {text} is"],
    [
      { kind: "checkpoint", classifier: { names: ["NEG", "POS"], matched: "name" } },
      "classifier stored in the checkpoint labels matched to its outputs by nameOutputs, as the checkpoint calls themNEG, POS",
    ],
  ] as const)("says in words what f is: %j", (readout, words) => {
    const record = fixtureRecord();
    Object.assign(record.readout, readout);
    expect(parseRecord(record, "record.json")).toBe(record);
    expect(textOf(section(page(record), "model"))).toContain(words);
    expect(renderText(record)).toContain(`f: ${words.slice(0, 20)}`);
  });

  it("without test texts speaks of training and says what is missing", () => {
    const text = textOf(page(fixtureWithoutTest()));
    expect(text).toContain("Training accuracy, predicted");
    expect(text).toContain("There were no test texts");
    expect(text).not.toContain("Test accuracy");
    expect(text).not.toContain("Test loss");
  });

  it("the curves in numbers hold the answer's row", () => {
    const record = fixtureRecord();
    const numbers = all(page(record), "details")[0];
    const marked = all(numbers, "tr").filter(({ attributes }) => attributes.get("class") === "answer");
    expect(marked.map((row) => textOf(row.children[0] as Node))).toEqual([
      count(record.prediction.answer.step),
    ]);
  });

  it("raises exponents in the words under a picture", () => {
    const captions = all(page(fixtureRecord()), "figcaption");
    expect(textOf(captions[0])).toContain("fall like j−1.8, interval");
    expect(all(captions[0], "sup").map(textOf)).toEqual(["−1.8", "−0.67"]);
  });

  it("each warning once, those of the data among them", () => {
    const record = fixtureRecord();
    record.warnings.push(...record.data.warnings);
    const warnings = all(section(page(record), "warnings"), "li").map(textOf);
    expect(warnings).toEqual(record.warnings);
  });

  it.each(extremes)("%s: the record inside is the record", (_, record) => {
    const html = page(record);
    expect(all(html, "script").length).toBe(1);
    expect(JSON.parse(embedded(html))).toEqual(JSON.parse(JSON.stringify(record)));
    expect(embedded(html)).not.toContain("<");
  });

  it("hostile words are shown and do nothing", () => {
    const html = page(hostileRecord());
    const text = textOf(html);
    for (const attack of attacks)
      expect(text).toContain(textOf({ name: "", attributes: new Map(), children: [clean(attack)] }));
    const names = new Set(all(html).map(({ name }) => name));
    for (const name of ["img", "iframe", "a", "form", "object"]) expect(names.has(name)).toBe(false);
    expect(all(html, "script").map((s) => s.attributes.get("type"))).toEqual(["application/json"]);
    const attributes = new Set(all(html).flatMap((node) => [...node.attributes.keys()]));
    expect([...attributes].filter((name) => name.startsWith("on"))).toEqual([]);
    // What a terminal obeys, and what turns the direction of text, is not in the file.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are looked for
    expect(renderReport(hostileRecord())).not.toMatch(/[\0-\x08\x0b-\x1f]/);
    expect(text).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    const charts = all(html, "svg").map(textOf).join(" ");
    expect(charts).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
  });

  it("asks for nothing from outside", () => {
    const html = renderReport(fixtureRecord());
    const root = parseMarkup(html, { html: true });
    const addresses = all(root).flatMap(({ attributes }) =>
      ["src", "href", "srcset", "action", "data"].flatMap((name) => attributes.get(name) ?? []),
    );
    expect(addresses).toEqual(["data:,"]);
    expect(
      all(root, "style")
        .map((s) => s.children.join(""))
        .join(""),
    ).not.toMatch(/url\(|@import/);
    const policy = all(root, "meta")
      .find((m) => m.attributes.has("http-equiv"))!
      .attributes.get("content");
    expect(policy).toMatch(/^default-src 'none';/);
  });
});
