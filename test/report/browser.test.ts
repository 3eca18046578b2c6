/**
 * The report in a browser, from a file: nothing fails, nothing is asked for, nothing sticks out, with scripts or without.
 * Pictures are left in the system's folder for temporary files, for a look.
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ChartKind, charts } from "../../src/report/charts/index.ts";
import { renderChart, renderReport } from "../../src/report/index.ts";
import { answerSentence } from "../../src/report/words.ts";
import { confirmedRecord } from "../fixtures/confirmation.ts";
import { fixtureRecord } from "../fixtures/record.ts";
import { chromiumPath, launchArgs } from "../support/chromium.ts";
import { extremes, hostileRecord } from "./records.ts";

const executablePath = chromiumPath();
if (!executablePath)
  console.warn("no Chromium ($CHROMIUM, /usr/bin/chromium): the report is not opened in a browser");

const folder = mkdtempSync(join(tmpdir(), "ntkit-report-"));
/** A picture of the real run only where there was one. */
const picturesOf = (name: keyof typeof records) =>
  Object.keys(charts).length - (records[name].confirmation ? 0 : 1);

const records = {
  fixture: fixtureRecord(),
  confirmed: confirmedRecord(),
  hostile: hostileRecord(),
  classes: extremes.find(([name]) => name.startsWith("fifty classes"))![1],
};

describe.skipIf(!executablePath)("a report in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: launchArgs });
  });
  afterAll(() => browser.close());

  /** The report opened from its file, with all that went wrong, and all that was asked for. */
  async function open(name: keyof typeof records, width: number, options = {}) {
    const path = join(folder, `${name}.html`);
    writeFileSync(path, renderReport(records[name]));
    const context = await browser.newContext({ viewport: { width, height: 900 }, ...options });
    const page = await context.newPage();
    const faults: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => faults.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
    page.on("requestfailed", (request) => faults.push(`failed: ${request.url()}`));
    page.on("dialog", (dialog) => {
      faults.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => requests.push(request.url()));
    const url = pathToFileURL(path).href;
    await page.goto(url, { waitUntil: "load" });
    return { page, faults, requests: requests.filter((r) => r !== url && !r.startsWith("data:")) };
  }

  describe.each(Object.keys(records) as (keyof typeof records)[])("%s record", (name) => {
    it.each([
      [1100, "light"],
      [390, "dark"],
    ] as const)("%i wide, %s", async (width, colorScheme) => {
      const { page, faults, requests } = await open(name, width, { colorScheme });
      const answer = page.getByRole("heading", { level: 1 });
      expect(await answer.isVisible()).toBe(true);
      expect(await answer.textContent()).toBe(answerSentence(records[name].prediction));
      for (const details of await page.locator("summary").all()) await details.click();
      const [scrolled, inner] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        window.innerWidth,
      ]);
      expect(scrolled).toBeLessThanOrEqual(inner);
      // Rules and assumptions are read without moving the table sideways, on a phone too.
      const overhang = await page
        .locator(".scroll:has(> .notes)")
        .evaluateAll((regions) => regions.map((region) => region.scrollWidth - region.clientWidth));
      expect(overhang).toEqual(records[name].confirmation ? [0, 0, 0] : [0, 0]);
      // Each picture is seen once, at the width it was drawn for or near it.
      const pictures = page.locator("svg:visible");
      expect(await pictures.count()).toBe(picturesOf(name));
      await page.screenshot({ path: join(folder, `${name}-${width}.png`), fullPage: true });
      expect(faults).toEqual([]);
      expect(requests).toEqual([]);
      await page.context().close();
    });
  });

  it("needs no script: the same page to a screen reader without them", async () => {
    const [on, off] = [
      await open("fixture", 1100),
      await open("fixture", 1100, { javaScriptEnabled: false }),
    ];
    const heard = await on.page.locator("main").ariaSnapshot();
    expect(await off.page.locator("main").ariaSnapshot()).toBe(heard);
    expect(heard).toContain(answerSentence(records.fixture.prediction));
    await on.page.context().close();
    await off.page.context().close();
  });

  it("no word of a user's becomes an element or runs", async () => {
    const { page } = await open("hostile", 1100);
    const found = await page.evaluate(() => ({
      scripts: [...document.scripts].map((script) => script.type),
      images: document.images.length,
      handlers: [...document.querySelectorAll("*")].filter((e) =>
        e.getAttributeNames().some((n) => n.startsWith("on")),
      ).length,
      record: JSON.parse(document.getElementById("record")!.textContent!) as unknown,
    }));
    expect(found).toEqual({
      scripts: ["application/json"],
      images: 0,
      handlers: 0,
      record: JSON.parse(JSON.stringify(records.hostile)),
    });
    await page.context().close();
  });

  it("prints all it holds: no picture twice, the notes opened", async () => {
    const { page } = await open("fixture", 1100);
    await page.emulateMedia({ media: "print" });
    expect(await page.locator("svg:visible").count()).toBe(picturesOf("fixture"));
    await page.context().close();
  });

  it("the browser's own XML parser takes every chart", async () => {
    const page = await browser.newPage();
    const svgs = Object.values(records).flatMap((record) =>
      (Object.keys(charts) as ChartKind[]).flatMap((kind) =>
        [800, 390].map((width) => renderChart(record, kind, { width })),
      ),
    );
    const faults = await page.evaluate(
      (all) =>
        all.flatMap((svg) => {
          const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
          return parsed.querySelector("parsererror")?.textContent ?? [];
        }),
      svgs,
    );
    expect(faults).toEqual([]);
    await page.close();
  });
});
