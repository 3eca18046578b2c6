/** What really happened: the verdict on the prediction, measured curves, what stopping by each rule would have cost, the kernels taken. */
import type { Confirmation } from "../../study/confirmation.ts";
import type { StudyRecord } from "../../study/record.ts";
import { count, number, percent, plural } from "../format.ts";
import { type Markup, markup } from "../markup.ts";
import { confirmedLongName, confirmedRules, confirmedVerdict, regretWords } from "../words.ts";
import { figure } from "./figures.ts";
import { valueAt } from "./opening.ts";

function rulesTable(confirmation: Confirmation, answer: string): Markup {
  const { curve, steps } = confirmation;
  const entropies = curve.test_cross_entropy;
  const rows = confirmedRules(confirmation).map(({ name, rule }) => {
    const isAnswer = name === answer;
    const note = rule.beyond_run
      ? `past the end of this run: what is said is of step ${count(steps)}`
      : name === "patience"
        ? "a run of its own, on three quarters of the labels"
        : "";
    // Patience's θ is none of this run's.
    const entropy =
      entropies && name !== "patience" ? number(valueAt(curve.step, entropies, rule.step)) : "–";
    const cell = (what: string, value: string) => markup`<td class="n" data-name="${what}">${value}</td>`;
    return markup`<tr class="${isAnswer ? "answer" : ""}"><th scope="row">${confirmedLongName[name]}${isAnswer && markup` <em>the answer</em>`}</th>${cell("step", count(rule.step))}${cell("loss", rule.test_loss === null ? "–" : number(rule.test_loss))}${cell("regret", regretWords(rule.regret))}${cell("accuracy", rule.test_accuracy === null ? "–" : percent(rule.test_accuracy))}${cell("cross-entropy", entropy)}<td>${note}</td></tr>`;
  });
  return markup`<h3>Stopping by each rule</h3>
<p>Measured on the held-out texts at the step of each rule. Regret: how much larger the loss is there than at the best measured step.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Stopping by each rule"><table class="notes">
<thead><tr><th scope="col">Rule</th><th scope="col" class="n">Step</th><th scope="col" class="n">Loss</th><th scope="col" class="n">Regret</th><th scope="col" class="n">Accuracy</th><th scope="col" class="n">Cross-entropy</th><th scope="col">Note</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

function retakesTable({ retakes }: Confirmation): Markup {
  const rows = retakes.map(
    (taken) =>
      markup`<tr><th scope="row" class="n">${count(taken.step)}</th><td class="n">${percent(taken.relative_change)}</td><td class="n">${number(taken.cosine, 4)}</td><td class="n">${number(taken.largest_eigenvalue)}</td><td class="n">${taken.speed === null ? "–" : number(taken.speed)}</td><td class="n">${count(taken.path_cv_step)}</td><td class="n">${taken.answer_again === null ? "–" : count(taken.answer_again)}</td></tr>`,
  );
  return markup`<h3>The kernel along the run</h3>
<p>Change and cosine against the kernel of the pretrained point. Gradient descent diverges where αλ₁ passes 2. The last columns: what path-cv answers with this kernel, and what the answer’s rule says when asked again from there, both in steps of the whole run.</p>
<div class="scroll" tabindex="0" role="region" aria-label="The kernel along the run"><table>
<thead><tr><th scope="col" class="n">Step</th><th scope="col" class="n">Change</th><th scope="col" class="n">Cosine</th><th scope="col" class="n">λ₁</th><th scope="col" class="n">αλ₁</th><th scope="col" class="n">path-cv</th><th scope="col" class="n">again</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

const clockWords = (clock: NonNullable<Confirmation["clock"]>) =>
  markup`<p>This optimizer has no clock of its own. From its first steps, one at the full learning rate counts as η = <b>${number(clock.eta_per_unit)}</b>, uneven by ${percent(clock.unevenness)}; up to ${percent(clock.misfit)} of the residual’s movement is off the kernel’s path.</p>`;

/** Nothing where no run was made. */
export function happened(record: StudyRecord): Markup | false {
  const { confirmation, prediction } = record;
  if (!confirmation) return false;
  const { verdict, why, best, steps, optimizer, learning_rate, warnings, clock } = confirmation;
  const { icon, word } = confirmedVerdict[verdict];
  const name = optimizer === "sgd" ? "gradient descent" : "AdamW";
  const bestWords = best
    ? markup` The held-out loss was least at <b>step ${count(best.step)}</b>: ${number(best.test_loss)}, accuracy ${percent(best.test_accuracy)}.`
    : " There were no held-out texts to measure on: the pictures are of the training texts.";
  return markup`<section aria-labelledby="happened"><h2 id="happened">What really happened</h2>
<p class="verdict ${verdict}"><strong><span aria-hidden="true">${icon}</span> ${word}.</strong> ${why}</p>
<p>The model was trained for ${plural(steps, "step")} of ${name} at learning rate ${number(learning_rate)}.${bestWords}</p>
${clock && clockWords(clock)}
${
  warnings.length > 0 &&
  markup`<section class="warn" aria-label="Warnings of the run"><ul>${warnings.map((text) => markup`<li>${text}</li>`)}</ul></section>`
}
${figure(record, "confirmation", "Measured against predicted", "Where the dashed line of the prediction lies on the measured one, the kernel of the pretrained point says what training does. Poles mark where each rule stops; triangles, where the kernel was taken again.")}
${rulesTable(confirmation, prediction.answer.rule)}
${retakesTable(confirmation)}
</section>`;
}
