/** record.schema.json and parseRecord agree on what a StudyRecord is. */
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { DataError } from "../../src/errors.ts";
import { parseRecord } from "../../src/study/readRecord.ts";
import schema from "../../src/study/record.schema.json" with { type: "json" };
import { confirmedRecord, confirmedWithoutTest } from "../fixtures/confirmation.ts";
import { fixtureRecord, fixtureWithoutTest } from "../fixtures/record.ts";

const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
ajv.addFormat("date-time", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
const validate = ajv.compile(schema);

type Tree = { [key: string]: Tree } | unknown;
const isBranch = (value: unknown): value is Record<string, Tree> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Maps whose keys are data, not fields. */
const maps = ["seconds", "parameters_by_group", "groups", "bic", "rule_reasons", "interval_steps"];

/** Fields that a whole record may lack. */
const optional = ["confirmation", "prediction.uncertainty"];

/** Every field of the record, as a path of keys. */
function fields(tree: Record<string, Tree>, above: string[] = []): string[][] {
  return Object.entries(tree).flatMap(([key, value]) => [
    [...above, key],
    ...(isBranch(value) && !maps.includes(key) ? fields(value, [...above, key]) : []),
  ]);
}

function without(path: string[]): unknown {
  const record = confirmedRecord();
  let at: Record<string, Tree> = record as unknown as Record<string, Tree>;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string, Tree>;
  delete at[path.at(-1)!];
  return record;
}

const message = (json: unknown): string => {
  try {
    parseRecord(json, "record.json");
  } catch (error) {
    expect(error).toBeInstanceOf(DataError);
    return (error as Error).message;
  }
  return "";
};

describe("record.schema.json", () => {
  it.each([
    ["with test texts", fixtureRecord()],
    ["without", fixtureWithoutTest()],
    ["with a confirmation", confirmedRecord()],
    ["with one without test texts", confirmedWithoutTest()],
  ])("takes a record %s, before and after JSON", (_, record) => {
    expect(validate(record) ? null : validate.errors).toBeNull();
    expect(validate(JSON.parse(JSON.stringify(record)))).toBe(true);
  });

  it.each([
    { probe: { penalty: 0.25, loo_loss: 0.125, train_loss: 0.0625 } },
    { kind: "checkpoint", classifier: { names: ["NEG", "POS"], matched: "order" } },
  ])("and parseRecord take a readout %j, and neither takes half of it", (readout) => {
    const record = fixtureRecord();
    Object.assign(record.readout, readout);
    expect(validate(record) ? null : validate.errors).toBeNull();
    expect(message(record)).toBe("");
    for (const part of [record.readout.probe, record.readout.classifier]) {
      if (part) delete (part as Partial<Record<string, unknown>>)[Object.keys(part)[1]];
    }
    expect(validate(record)).toBe(false);
    expect(message(record)).toMatch(/readout\.(probe\.loo_loss|classifier\.matched) missing/);
  });

  it("describes every field of the record", () => {
    const described = (node: unknown): string[] => {
      if (Array.isArray(node)) return node.flatMap(described);
      if (!isBranch(node)) return [];
      const own = isBranch(node.properties)
        ? Object.entries(node.properties as Record<string, Record<string, unknown>>)
            .filter(([, field]) => !("description" in field) && !("$ref" in field))
            .map(([key]) => key)
        : [];
      return [...own, ...Object.values(node).flatMap(described)];
    };
    expect(described(schema)).toEqual([]);
  });

  it("refuses a field it does not know, a wrong unit range and an unknown rule", () => {
    const wrong = [
      { ...fixtureRecord(), afterwards: {} },
      { ...fixtureRecord(), seed: 1.5 },
      { ...fixtureRecord(), created: "yesterday" },
    ];
    for (const record of wrong) expect(validate(record)).toBe(false);
    const record = fixtureRecord();
    record.prediction.rule_reasons = { guess: "no such rule" } as typeof record.prediction.rule_reasons;
    expect(validate(record)).toBe(false);
  });
});

describe("parseRecord", () => {
  it.each([
    ["with test texts", fixtureRecord()],
    ["without", fixtureWithoutTest()],
    ["with a confirmation", confirmedRecord()],
    ["with one without test texts", confirmedWithoutTest()],
  ])("takes a record %s as it is", (_, record) => {
    const json: unknown = JSON.parse(JSON.stringify(record));
    expect(parseRecord(json, "record.json")).toBe(json);
    expect(json).toEqual(record);
  });

  it("and the schema refuse a record that lacks a field, whichever it is", () => {
    const all = fields(confirmedRecord() as unknown as Record<string, Tree>).filter(
      (path) => !optional.includes(path.join(".")),
    );
    expect(all.length).toBeGreaterThan(200);
    for (const path of all) {
      const broken = without(path);
      expect(validate(broken), path.join(".")).toBe(false);
      const said = message(broken);
      expect(said, path.join(".")).toContain(path.length > 1 ? `${path.join(".")} missing` : path[0]);
    }
  });

  it("keeps fields it does not know", () => {
    const record = { ...fixtureRecord(), afterwards: { best: 3 } };
    expect(parseRecord(record, "record.json")).toHaveProperty("afterwards.best", 3);
  });

  it.each([
    [
      null,
      "record.json: expected a study record (a JSON object), got null; try a record.json of ntkit predict",
    ],
    [
      [],
      "record.json: expected a study record (a JSON object), got an array; try a record.json of ntkit predict",
    ],
    [{}, "record.json: expected a study record of version 1, got no version; try ntkit predict again"],
    [{ version: 2 }, "record.json: expected a study record of version 1, got version 2; try a newer ntkit"],
  ])("says what is wrong with %j", (json, said) => {
    expect(message(json)).toBe(said);
  });

  it("names the field of another kind, and columns of unequal length", () => {
    const record = fixtureRecord();
    record.prediction.answer.step = "85" as unknown as number;
    record.curves.train_loss.pop();
    const said = message(record);
    expect(said).toContain('prediction.answer.step is "85" where number is due');
    expect(said).toContain('curves: "train_loss" has');
  });

  it("lists at most five faults", () => {
    expect(message({ version: 1 })).toMatch(/missing, .* missing, and \d+ more;/);
  });
});
