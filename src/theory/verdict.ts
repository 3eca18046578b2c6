/**
 * From a rule's step to advice: stop there, train to the end, nothing to learn here, or do not rely on this.
 *
 * Labels carry something if, in cross-validation,
 *   the smallest error beats the pretrained point by more than two paired standard errors over examples,
 *   no more than 1 % of random deals of the labels do as well (permutation.ts; with few texts, as few as can be).
 * The second matters with a fresh head: it starts far from the labels' mean, so that moving there beats f₀ whatever the labels
 * say. That the best constant answer (class frequencies, in the same folds) has a smaller squared error does not make labels
 * empty: a random head's own outputs on new texts are never wholly unlearned, and cost squared error long after the classes are
 * told apart (nano-gpt-neo, 70 labels of snips: error 0.59 against 0.43, accuracy 57 % against 14 %). It is said beside the
 * verdict. Training may go to the end if the error at the last step is within one paired standard error, or 1 %, of the smallest.
 */
import type { CrossValidation } from "./crossValidation.ts";
import { pairedDifference } from "./paired.ts";
import type { CvChoice } from "./rules/cv.ts";
import type { Verdict } from "./types.ts";

export interface VerdictInput {
  validation: CrossValidation;
  cv: CvChoice;
  maxSteps: number;
  /** α λ₁. */
  speed: number;
  negativeMass: number;
  /** The rule whose step is the answer. */
  answer: { rule: string; step: number; reliability: string; note: string };
}

const BEYOND_NOISE = 2; // paired standard errors
const LUCK = 0.01;
/** With few texts even the best arrangement is one of a few: then its being the best must do, down to one in twenty. */
const FEW = 0.05;
/** A rise of less than this share of the smallest error is flat, however sure it is; so is one that gives back less than NOTHING. */
const FLAT = 0.01;
/** Share of what training gained: labels fitted exactly leave an error of round-off, in which 1 % means nothing. */
const NOTHING = 1e-3;
/** Share of negative eigenvalues above which the matrix is no kernel; see assumptions.ts. */
const NOT_A_KERNEL = 1e-2;

const short = (value: number) => value.toPrecision(3);

export function judge(input: VerdictInput): { verdict: Verdict; why: string } {
  const { validation, cv, maxSteps, speed, negativeMass, answer } = input;
  const best = validation.errors(cv.step);
  const start = pairedDifference(validation.errors(0), best);
  const constant = pairedDifference(validation.constant, best);
  const { luck } = validation;
  const right = validation.accuracy(cv.step);
  const share = (value: number) => `${Math.round(100 * value)} %`;
  const accurate = right
    ? `; accuracy ${share(right.mean)}, the largest class alone ${share(right.largestClass)}`
    : "";
  const held = `held-out error ${short(cv.error)} at step ${cv.step}, ${short(cv.error + start.mean)} before training, ${short(cv.error + constant.mean)} for the best constant answer${accurate}`;
  const deals = luck ? `${(100 * luck.p).toPrecision(2)} % of random deals of the labels do as well` : "";

  if (speed >= 2) {
    return {
      verdict: "unreliable",
      why: `The step size is ${short(speed / 2)} times the limit 2/λ₁: gradient descent diverges, and no stopping step can be trusted. Use a smaller learning rate.`,
    };
  }
  if (negativeMass > NOT_A_KERNEL) {
    return {
      verdict: "unreliable",
      why: `The matrix is not a kernel: ${short(100 * negativeMass)} % of its spectrum is negative.`,
    };
  }
  if (luck && luck.floor > FEW && luck.p <= luck.floor && constant.mean > 0) {
    return {
      verdict: "unreliable",
      why: `Too few labelled texts to tell learning from luck: ${deals} (${held}).`,
    };
  }
  if (cv.step === 0 || start.mean <= BEYOND_NOISE * start.standardError) {
    return {
      verdict: "nothing-to-learn",
      why: `Nothing to learn here: no step does better on texts held out than the pretrained point does, beyond the noise (${held}).`,
    };
  }
  if (luck ? luck.p > Math.max(LUCK, Math.min(luck.floor, FEW)) : constant.mean <= 0) {
    return {
      verdict: "nothing-to-learn",
      why: luck
        ? `Nothing to learn here: labels dealt to the texts at random are learnt as well as the true ones (${deals}; ${held}).`
        : `Nothing to learn here: no step does better on texts held out than always answering the class frequencies (${held}).`,
    };
  }
  if (answer.reliability === "unreliable") {
    return {
      verdict: "unreliable",
      why: `The rule ${answer.rule} is not to be trusted here: ${answer.note}`,
    };
  }
  const caution =
    constant.mean <= 0
      ? " The labels carry something, but in squared error always answering the class frequencies does as well: a smaller fresh head, one that starts at zero, or more labels would help."
      : "";
  const end = pairedDifference(validation.errors(maxSteps), best);
  if (
    cv.step === maxSteps ||
    end.mean <= Math.max(end.standardError, FLAT * cv.error, NOTHING * start.mean)
  ) {
    const shape =
      cv.interval[0] > maxSteps / 2 ? "still falling" : `flat from about step ${cv.oneStandardErrorStep}`;
    return {
      verdict: "train-to-the-end",
      why: `The error on texts held out is ${shape} up to step ${maxSteps}, the largest considered: stopping early gains nothing measurable (${held}).${caution}`,
    };
  }
  const rise = short(cv.error + end.mean);
  const other = answer.rule === "cv" ? "" : ` (the answer is the step of ${answer.rule})`;
  return {
    verdict: "stop",
    why: `The error on texts held out is smallest at step ${cv.step}${other} and rises to ${rise} by step ${maxSteps} (${held}).${caution}`,
  };
}
