/** From what a user says of the readout (a fresh head, or label words) to the model room's ReadoutSpec. */
import { CallError, complaint } from "../errors.ts";
import type { Model, Pool, ReadoutSpec } from "../model/index.ts";
import { applyTemplate, singleTokenId, type Tokenizer } from "../text/index.ts";

export type ReadoutChoice =
  | {
      kind: "head";
      init: "zero" | "gaussian";
      pool: Pool;
      /** s of a Gaussian head's variance s²/d; absent: as fine-tuning scripts start one, with the config's initializer_range. */
      scale?: number;
    }
  | {
      kind: "prompt";
      /** Holds {text}; the label word is what the model should say next. */
      template: string;
      /** One word a class, in the order of the classes; absent: the class names themselves. */
      words?: string[];
      /** Subtract the mean of f₀ over the training texts (theory.md §7: prompt readouts start with a large common offset). */
      calibrate: boolean;
    };

export const DEFAULT_TEMPLATE = "{text} It was";

/** Standard deviation that transformers gives the weights of a fresh head where config.json names none. */
const INITIALIZER_RANGE = 0.02;

/** The spec, the texts as the model will read them, and what the record says of it. */
export interface ResolvedReadout {
  spec: ReadoutSpec;
  dress: (text: string) => string;
  words: string[] | null;
  /** s of a Gaussian head. */
  scale: number | null;
}

export function resolveReadout(
  choice: ReadoutChoice,
  classes: readonly string[],
  tokenizer: Tokenizer,
  model: Pick<Model, "config" | "hiddenSize">,
  seed: number,
): ResolvedReadout {
  if (choice.kind === "head") {
    const { initializer_range: range } = model.config;
    const deviation = typeof range === "number" && range > 0 ? range : INITIALIZER_RANGE;
    const scale = choice.scale ?? deviation * Math.sqrt(model.hiddenSize);
    return {
      spec: {
        kind: "head",
        outputs: classes.length,
        init: choice.init,
        pool: choice.pool,
        seed,
        scale,
      },
      dress: (text) => text,
      words: null,
      scale: choice.init === "gaussian" ? scale : null,
    };
  }
  const words = choice.words ?? [...classes];
  if (words.length !== classes.length) {
    throw new CallError(
      complaint(
        "label words",
        `one a class (${classes.join(", ")})`,
        `${words.length}: ${words.join(", ")}`,
        "--words in the order of the classes, separated by commas",
      ),
    );
  }
  // The word comes right after what follows {text} in the template; where nothing does, after the text and a space.
  const suffix = choice.template.split("{text}").at(-1) ?? "";
  const labelIds = words.map((word) =>
    suffix === "" ? singleTokenId(tokenizer, ` ${word.trimStart()}`) : singleTokenId(tokenizer, word, suffix),
  );
  return {
    spec: { kind: "prompt", labelIds },
    dress: (text) => applyTemplate(choice.template, text),
    words,
    scale: null,
  };
}
