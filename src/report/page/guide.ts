/** How to read the report, in plain words, and what the letters mean. */
import { type Markup, markup } from "../markup.ts";

const glossary: [symbol: string, meaning: string][] = [
  ["f, y", "the model's outputs, and the targets: 1 for the class of a text, 0 for the others"],
  [
    "r",
    "residual: targets minus outputs of the pretrained model; what fine-tuning has to learn, noise included",
  ],
  [
    "Θ",
    "neural tangent kernel: inner products of the gradients of the outputs, all pairs of training texts and outputs",
  ],
  ["λ", "eigenvalues of Θ/n, largest first: how fast each direction of the labels is learnt"],
  ["η", "the clock of gradient descent: the sum of the step sizes so far"],
  ["1/η", "the cut: directions with a larger eigenvalue are mostly learnt by then, the others mostly not"],
  ["d(η)", "effective dimension, Σ min(1, ηλ): the number of directions learnt by then"],
  ["σ", "size of the noise in the labels: the part of the residual no model can learn"],
  ["B", "bound on the size of what is left to learn, measured in the kernel's own function space"],
  ["ε̂²", "critical radius: where what is learnt and what the noise allows meet; T̂ stops at η = 1/(Cε̂²)"],
  ["T̂", "the step at which the theory's rule stops: right in its rate, early in its constant by design"],
  ["n, C", "number of training texts, and of outputs for each: one a class"],
];

export function guide(): Markup {
  return markup`<section aria-labelledby="guide"><h2 id="guide">Reading this</h2>
<details><summary>How to read this report</summary>
<p>Fine-tuning first learns what many texts agree on, later what is peculiar to single labels, noise among them. Stopping in time keeps the first and leaves the second. How fast each part is learnt can be read off the pretrained model before training: that is the spectrum.</p>
<ol>
<li><b>The answer</b> is the step at the top, in optimiser steps at your learning rate and batch size. Any step of the interval is as good as can be told from these labels; the earliest of them costs least.</li>
<li><b>The verdict</b> says whether stopping matters at all. “Train to the end”: the error is flat or still falling. “Nothing to learn”: the labels carry nothing this model can use beyond the noise. “Unreliable”: do not act on the number.</li>
<li><b>The spectrum</b> should fall steeply, and the residual should lie in its first directions: then little training goes a long way.</li>
<li><b>The risk</b> is what the theory expects on the training inputs, with the noise averaged out; the <b>predicted training</b> is what a loss curve would show.</li>
<li><b>The rules</b> look at the same numbers in different ways. Cross-validation needs no estimate of the noise and comes with an error bar. T̂ has the guarantee, and is early when there is little noise.</li>
<li><b>The assumptions</b> say when all this holds. It describes training that stays close to the pretrained model; where that fails, the real run learns faster or differently than drawn.</li>
</ol></details>
<details><summary>What the letters mean</summary><dl class="glossary">${glossary.map(([symbol, meaning]) => markup`<div><dt>${symbol}</dt><dd>${meaning}</dd></div>`)}</dl></details></section>`;
}
