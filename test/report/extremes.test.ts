/** Whatever a record holds, page, charts and text are well-formed, hold only numbers, stay in their frame, and come out the same twice. */
import { describe, expect, it } from "vitest";
import { type ChartKind, charts } from "../../src/report/charts/index.ts";
import { renderChart, renderReport, renderText } from "../../src/report/index.ts";
import { parseRecord } from "../../src/study/readRecord.ts";
import { all, type Node, parseMarkup, textOf } from "../support/markup.ts";
import { extremes } from "./records.ts";

const kinds = Object.keys(charts) as ChartKind[];
const widths = [800, 390];
const NOT_A_NUMBER = /NaN|Infinity|undefined|\bnull\b|\[object/;

/** Text and attributes, without scripts and styles. */
const said = (root: Node) => [
  textOf(root),
  ...all(root).flatMap(({ attributes }) => [...attributes.values()]),
];

/** Where the absolute commands of a path lead: [x, y], NaN for the one a command does not set. */
function spots(d: string): [number, number][] {
  return [...d.matchAll(/([A-Za-z])([^A-Za-z]*)/g)].flatMap(([, command, numbers]): [number, number][] => {
    const [a, b] = numbers.trim().split(" ").map(Number);
    if (command === "M" || command === "L") return [[a, b]];
    if (command === "H") return [[a, Number.NaN]];
    if (command === "V") return [[Number.NaN, a]];
    return [];
  });
}

/** Marks that leave the picture, but for a pixel's half. */
function outside(svg: Node): string[] {
  const [, , width, height] = svg.attributes.get("viewBox")!.split(" ").map(Number);
  const places = all(svg).flatMap(({ name, attributes }): [number, number][] => {
    const at = (key: string) => Number(attributes.get(key) ?? Number.NaN);
    if (name === "path") return spots(attributes.get("d")!);
    if (name === "circle") return [[at("cx"), at("cy")]];
    if (name === "text") return [[at("x"), at("y")]];
    if (name === "rect") {
      return [
        [at("x"), at("y")],
        [at("x") + at("width"), at("y") + at("height")],
      ];
    }
    return [];
  });
  return places
    .filter(([x, y]) => x < -0.5 || x > width + 0.5 || y < -0.5 || y > height + 0.5)
    .map((place) => place.join(" "));
}

describe.each(extremes)("a record with %s", (_, record) => {
  it("is a record that ntkit report takes", () => {
    expect(parseRecord(JSON.parse(JSON.stringify(record)), "record.json")).toBeTruthy();
  });

  it("charts: well-formed, titled, only numbers, inside their frames", () => {
    for (const kind of kinds) {
      for (const width of widths) {
        const where = `${kind}, ${width} wide`;
        const svg = parseMarkup(renderChart(record, kind, { width }));
        expect(svg.name, where).toBe("svg");
        expect(svg.attributes.get("xmlns"), where).toBe("http://www.w3.org/2000/svg");
        expect(svg.attributes.get("width"), where).toBe(String(width));
        const first = svg.children.slice(0, 2).map((child) => typeof child !== "string" && child.name);
        expect(first, where).toEqual(["title", "desc"]);
        for (const words of said(svg)) expect(words, where).not.toMatch(NOT_A_NUMBER);
        expect(outside(svg), where).toEqual([]);
      }
    }
  });

  it("page: well-formed, only numbers, each id once and each reference to one", () => {
    const html = parseMarkup(renderReport(record), { html: true });
    for (const words of said(html)) expect(words).not.toMatch(NOT_A_NUMBER);
    const ids = all(html).flatMap(({ attributes }) => attributes.get("id") ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    const wanted = all(html).flatMap(({ attributes }) => attributes.get("aria-labelledby")?.split(" ") ?? []);
    expect(wanted.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it("text: only numbers", () => {
    expect(renderText(record)).not.toMatch(NOT_A_NUMBER);
  });

  it("the same bytes from the same record, which stays as it was", () => {
    const before = structuredClone(record);
    const outputs = () => [
      renderReport(record),
      renderText(record),
      ...kinds.map((kind) => renderChart(record, kind)),
    ];
    expect(outputs()).toEqual(outputs());
    expect(record).toEqual(before);
  });
});
