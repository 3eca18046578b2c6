/** What went in: noise and norm with their sources, the clock, data, model, readout, kernel, and how to run it again. */
import type { StudyRecord } from "../../study/record.ts";
import { count, epochs, number, percent, plural } from "../format.ts";
import { type Markup, markup, type Piece } from "../markup.ts";
import { criticalEta, headWords, readoutWords } from "../words.ts";

type Row = [name: string, value: Piece, note?: Piece];

const list = (id: string, heading: string, rows: Row[]) =>
  markup`<section class="card" aria-labelledby="${id}"><h3 id="${id}">${heading}</h3><dl>${rows.map(
    ([name, value, note]) =>
      markup`<div><dt>${name}</dt><dd>${value}${note !== undefined && markup` <span>${note}</span>`}</dd></div>`,
  )}</dl></section>`;

const user = (text: string) => markup`<bdi>${text}</bdi>`;

/** More classes than this are counted, not listed. */
const LISTED = 12;

function classList({ data }: StudyRecord): Piece {
  const rest = data.classes.length - LISTED;
  const shown = data.classes
    .slice(0, LISTED)
    .map(
      (name, i) =>
        markup`<li><bdi>${name}</bdi> <span>${count(data.train_per_class[i] ?? 0)} / ${count(data.test_per_class[i] ?? 0)}</span></li>`,
    );
  return markup`<ul class="inline">${shown}${rest > 0 && markup`<li>and ${count(rest)} more</li>`}</ul>`;
}

/** "mlp 17 %, …": parts of a whole, largest first. */
function shares(parts: Record<string, number>): string {
  const whole = Object.values(parts).reduce((a, b) => a + b, 0);
  return Object.entries(parts)
    .filter(([, part]) => part !== 0)
    .sort(([, a], [, b]) => b - a)
    .map(([name, part]) => `${name} ${percent(part / whole)}`)
    .join(", ");
}

/** Names in a row of their own, where there are any. */
function namesRow(name: string, words: string[] | null | undefined): Row[] {
  if (!words) return [];
  return [[name, words.map((word, i) => markup`${i > 0 && ", "}${user(word)}`)]];
}

export function facts(record: StudyRecord): Markup {
  const { prediction, data, checkpoint, readout, kernel, spectrum } = record;
  const f = readoutWords(readout);
  const draws = headWords(record);
  const noise: Row[] = [
    ["Noise σ", number(prediction.sigma), prediction.sigma_source],
    ["Norm bound B", number(prediction.norm), prediction.norm_source],
    [
      "Critical radius ε̂²",
      number(prediction.critical_radius_squared),
      markup`of Θ/(nC); T̂ stops at η = 1/(Cε̂²) = ${number(criticalEta(prediction))}`,
    ],
    [
      "Ridge that matches T̂",
      number(prediction.ridge_equivalent),
      "penalty λ = 1/η of kernel ridge regression",
    ],
  ];
  const clock: Row[] = [
    ["η per step", number(prediction.eta_per_step), "what one optimiser step adds to the clock of Θ/n"],
    ["Largest stable learning rate", number(prediction.max_learning_rate), "at the pretrained point"],
    ["Steps per epoch", number(prediction.steps_per_epoch)],
    [
      "Considered up to",
      plural(prediction.max_steps, "step"),
      epochs(prediction.max_steps / prediction.steps_per_epoch),
    ],
  ];
  const texts: Row[] = [
    ["Training", user(data.source), `${count(data.n_train)} texts`],
    [
      "Test",
      data.test_source === null ? (data.n_test > 0 ? "split off" : "none") : user(data.test_source),
      `${count(data.n_test)} texts`,
    ],
    ["Columns", markup`${user(data.text_column)} → ${user(data.label_column)}`],
    ["Classes, train / test", classList(record)],
    [
      "Longest text",
      plural(data.longest_tokens, "token"),
      data.truncated_texts > 0 &&
        `${plural(data.truncated_texts, "text")} cut, ${plural(data.truncated_tokens, "token")} lost`,
    ],
    ["Fingerprint", markup`<code>${data.fingerprint}</code>`],
  ];
  const model: Row[] = [
    ["Checkpoint", user(checkpoint.source), checkpoint.architecture],
    ["Parameters", count(checkpoint.parameters), shares(checkpoint.parameters_by_group)],
    ["Readout", f.what, user(f.note)],
    ...(draws ? [[`Over ${draws.heads}`, draws.what] satisfies Row] : []),
    ...namesRow("Label words", readout.label_words),
    ...namesRow("Outputs, as the checkpoint calls them", readout.classifier?.names),
    [
      "Calibrated",
      readout.calibrated ? "yes" : "no",
      readout.calibrated && "mean output over the training texts subtracted",
    ],
    ["Fingerprint", markup`<code>${checkpoint.fingerprint}</code>`],
  ];
  const theta: Row[] = [
    [
      "Kernel",
      `${kernel.kind}, outputs ${kernel.outputs}`,
      markup`over ${user(kernel.parameters)} parameters`,
    ],
    [
      "Size",
      `${count(kernel.size)} × ${count(kernel.size)}`,
      `${plural(prediction.n, "text")} × ${plural(prediction.outputs, "output")}`,
    ],
    ["Trace", number(kernel.trace), `mean of the diagonal ${number(kernel.mean_diagonal)}`],
    ...(kernel.groups ? [["By group", shares(kernel.groups)] satisfies Row] : []),
    [
      "Eigenvalues",
      `${count(spectrum.eigenvalues.length)}, ${spectrum.method}`,
      `largest residual ${number(spectrum.largest_residual)}`,
    ],
    [
      "Negative mass",
      number(kernel.negative_mass),
      kernel.symmetric ? "symmetric to rounding" : "not symmetric before it was made so",
    ],
  ];
  return markup`<section aria-labelledby="facts"><h2 id="facts">What went in</h2><div class="cards">
${list("noise", "Noise and norm", noise)}${list("clock", "Clock", clock)}${list("data", "Data", texts)}${list("model", "Model", model)}${list("kernel", "Kernel", theta)}${list("machine", "Run", runRows(record))}
</div></section>`;
}

function runRows({ environment, seed, created }: StudyRecord): Row[] {
  const seconds = Object.values(environment.seconds).reduce((a, b) => a + b, 0);
  return [
    ["When", markup`<time datetime="${created}">${created}</time>`],
    [
      "Took",
      `${number(seconds)} s`,
      Object.entries(environment.seconds)
        .map(([stage, s]) => `${stage} ${number(s, 2)} s`)
        .join(", "),
    ],
    ["On", environment.platform, environment.runtime],
    ["Backend", environment.backend, `${environment.wasm_target}, ${plural(environment.workers, "worker")}`],
    ["ntkit", environment.ntkit],
    ["Seed", String(seed)],
  ];
}

export function reproduce(record: StudyRecord): Markup {
  const { command, seed, environment } = record;
  return markup`<section aria-labelledby="again"><h2 id="again">Run it again</h2>
<p>With ntkit ${environment.ntkit} and seed ${String(seed)}, the same numbers come out. The whole record is in this file as JSON, in the element <code>#record</code>; <code>ntkit report record.json</code> makes this page from it.</p>
<pre class="command"><code>${command}</code></pre></section>`;
}
