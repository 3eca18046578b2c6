// A picture of a report for the README: the page from its top to the end of the risk chart. Needs a Chromium ($CHROMIUM).
//   npm run demo && npx node scripts/report-picture.mjs ntkit-demo/report.html
import { mkdir, stat } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { chromiumPath, launchArgs } from "../test/support/chromium.ts";

const OUT = "docs/report.png";
/** Unit: CSS pixels, one device pixel each. */
const WIDTH = 900;
const MOST = 300 * 1024; // bytes

const [report] = process.argv.slice(2);
if (!report) throw new Error("which report? node scripts/report-picture.mjs ntkit-demo/report.html");
const executablePath = chromiumPath();
if (!executablePath) throw new Error("no Chromium here: set CHROMIUM to its path");

await mkdir("docs", { recursive: true });
const browser = await chromium.launch({ executablePath, args: launchArgs });
try {
  const page = await browser.newPage({
    viewport: { width: WIDTH, height: 900 },
    deviceScaleFactor: 1,
    colorScheme: "light",
  });
  await page.goto(pathToFileURL(report).href);
  const risk = page.locator("figure", { has: page.getByRole("heading", { name: "Risk", exact: true }) });
  const { y, height } = await risk.boundingBox();
  await page.screenshot({
    path: OUT,
    fullPage: true,
    clip: { x: 0, y: 0, width: WIDTH, height: y + height + 16 },
  });
} finally {
  await browser.close();
}
const bytes = (await stat(OUT)).size;
if (bytes > MOST) throw new Error(`${OUT} is ${bytes} bytes, more than ${MOST}`);
console.log(`${OUT}: ${Math.round(bytes / 1024)} KiB`);
