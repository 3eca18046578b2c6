// Pictures and tables of the simulation study for docs/simulation.md, from the figures examples/simulation.mjs wrote.
//   npx node scripts/simulation-docs.mjs simulation.json
import { readFile, writeFile } from "node:fs/promises";
import { markup } from "../src/report/markup.ts";
import { axisHeight, xAxis, yAxis } from "../src/report/svg/axis.ts";
import { drawing, px, sheetOf } from "../src/report/svg/chart.ts";
import { endLabels, endOf } from "../src/report/svg/labels.ts";
import { line } from "../src/report/svg/line.ts";
import { logScale } from "../src/report/svg/scale.ts";

const PAGE = "docs/simulation.md";
const [BEGIN, END] = ["<!-- figures: scripts/simulation-docs.mjs -->", "<!-- end of figures -->"];
const colours = ["a", "b", "c"];

const [file] = process.argv.slice(2);
if (!file) throw new Error("which figures? node scripts/simulation-docs.mjs simulation.json");
const study = JSON.parse(await readFile(file, "utf8"));
const kernels = Object.values(study.kernels);
const sheet = sheetOf({ width: 760 });
const { font } = sheet;
const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;

/** Risk at T̂ over n, and beside each line the theory's slope, a little above it. */
function ratesPicture() {
  const measured = kernels.map(({ hardest }) => hardest.map(({ risk }) => risk));
  const theory = kernels.map(({ theory: slope }, k) => {
    const centre = mean(measured[k].map(Math.log)) - slope * mean(study.sizes.map(Math.log));
    return study.sizes.map((n) => 1.25 * Math.exp(centre + slope * Math.log(n)));
  });
  const frame = { left: font * 4, right: sheet.width - font * 12, top: font * 2.6, bottom: font * 2.6 + 330 };
  const all = [...measured, ...theory].flat();
  const x = logScale([20, 1000], [frame.left, frame.right]);
  const y = logScale([Math.min(...all), Math.max(...all)], [frame.bottom, frame.top]);
  const lines = kernels.map(({ title }, k) => ({
    ...endOf(study.sizes, measured[k], x, y),
    text: title,
    classes: colours[k],
  }));
  const body = markup`
${yAxis(sheet, frame, y, "mean ‖f_T̂ − f*‖²_n, hardest target of norm 1; dashed: the theory's slope", font)}
${kernels.map((_, k) => [line(study.sizes, theory[k], x, y, `${colours[k]} dash`), line(study.sizes, measured[k], x, y, colours[k])])}
${measured.map((risks, k) =>
  risks.map(
    (risk, i) =>
      markup`<circle class="line spot ${colours[k]}" cx="${px(x(study.sizes[i]))}" cy="${px(y(risk))}" r="4"/>`,
  ),
)}
${endLabels(sheet, frame, lines)}
${xAxis(sheet, frame, x, "labels n")}`;
  const said = kernels.map(
    (of) => `${of.title}: ${of.hardestFit.slope.toFixed(3)}, theory ${of.theory.toFixed(3)}`,
  );
  const title = "How the risk at the stopping step falls with the number of labels";
  return drawing(sheet, "rates", frame.bottom + axisHeight(sheet), title, said.join("; "), body).text;
}

/** Each rule's mean risk over the oracle's, a mark for each kernel; best on average first. */
function rulesPicture(names) {
  const row = font * 1.75;
  const frame = {
    left: font * 20,
    right: sheet.width - font,
    top: font * 4.4,
    bottom: font * 4.4 + names.length * row,
  };
  const of = (kernel, name) => kernel.rules.find((rule) => rule.name === name).ratio;
  const most = Math.max(...kernels.flatMap(({ rules }) => rules.map(({ ratio }) => ratio)));
  const x = logScale([1, most * 1.05], [frame.left, frame.right]);
  const body = markup`
<text x="0" y="${px(font)}" font-weight="600">mean risk over the oracle's, n = ${study.rulesAt}, σ = ${study.noise.rules}, log scale</text>
${kernels.map(
  ({ title }, k) =>
    markup`<text class="${colours[k]}" x="${px(frame.left + k * font * 12)}" y="${px(font * 2.8)}">${title}</text>`,
)}
${names.map((name, i) => {
  const at = frame.top + (i + 0.5) * row;
  return markup`<path class="grid" d="M${px(frame.left)} ${px(at)}H${px(frame.right)}"/><text x="${px(frame.left - 8)}" y="${px(at + font * 0.35)}" text-anchor="end">${name}</text>${kernels.map(
    (kernel, k) =>
      markup`<circle class="line spot ${colours[k]}" cx="${px(x(of(kernel, name)))}" cy="${px(at)}" r="5"/>`,
  )}`;
})}
${xAxis(sheet, frame, x, "times the oracle's risk")}`;
  const title = "What each stopping rule costs beside the oracle";
  const said = names.map(
    (name) => `${name} ${kernels.map((kernel) => of(kernel, name).toFixed(2)).join(", ")}`,
  );
  return drawing(sheet, "rules", frame.bottom + axisHeight(sheet), title, said.join("; "), body).text;
}

const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
const short = (value) => value.toPrecision(3);

const averages = new Map(
  kernels[0].rules.map(({ name }) => [
    name,
    mean(kernels.map(({ rules }) => Math.log(rules.find((rule) => rule.name === name).ratio))),
  ]),
);
const names = [...averages.keys()].sort((a, b) => averages.get(a) - averages.get(b));

const figures = `
${study.draws} draws of the noise for every number.

### Slopes

${table(
  ["kernel", "theory", "slope of ε̂²", "**risk at T̂, hardest target**", "off", "exact", "one fixed target"],
  kernels.map((of) => [
    of.title,
    `${of.theory.toFixed(3)} (${of.says})`,
    of.radiusSlope.toFixed(3),
    `**${of.hardestFit.slope.toFixed(3)}** ± ${of.hardestFit.error.toFixed(3)}`,
    Math.abs(of.hardestFit.slope - of.theory).toFixed(3),
    of.hardestFit.exact.toFixed(3),
    `${of.fixedFit.slope.toFixed(3)} ± ${of.fixedFit.error.toFixed(3)}`,
  ]),
)}

Risk at T̂, mean over draws (hardest target; one fixed target), σ = ${study.noise.slopes}:

${table(
  ["kernel", ...study.sizes.map((n) => `n = ${n}`)],
  kernels.flatMap((of) => [
    [`${of.title}: T̂`, ...of.step],
    ["hardest", ...of.hardest.map(({ risk }) => short(risk))],
    ["fixed", ...of.fixed.map(({ risk }) => short(risk))],
    ["share of bias² in it", ...of.fixed.map(({ bias2, exact }) => `${Math.round((100 * bias2) / exact)} %`)],
  ]),
)}

![Risk at the stopping step over n](simulation-rates.svg)

### Rules

Mean of ‖f_t − f*‖²_n at the step of each rule over the oracle's, n = ${study.rulesAt}, σ = ${study.noise.rules}, up to step ${study.maxSteps}; in brackets the mean step.

${table(
  ["rule", ...kernels.map(({ title }) => title)],
  names.map((name) => [
    name,
    ...kernels.map(({ rules }) => {
      const { ratio, step } = rules.find((rule) => rule.name === name);
      return `${ratio.toFixed(2)} (${step.toFixed(0)})`;
    }),
  ]),
)}

Risk of the oracle: ${kernels.map((of) => `${of.title} ${short(of.rules.find(({ name }) => name === "oracle").risk)}`).join("; ")}.

![Mean risk of every rule over the oracle's](simulation-rules.svg)
`;

await writeFile("docs/simulation-rates.svg", ratesPicture());
await writeFile("docs/simulation-rules.svg", rulesPicture(names));
const page = await readFile(PAGE, "utf8");
const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
if (from < 0 || to < from) throw new Error(`${PAGE}: no place for the figures between ${BEGIN} and ${END}`);
await writeFile(PAGE, `${page.slice(0, from + BEGIN.length)}\n${figures}\n${page.slice(to)}`);
console.log(`${PAGE}, docs/simulation-rates.svg, docs/simulation-rules.svg`);
