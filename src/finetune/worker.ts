/** Entry of build/trainWorker.js: rebuilds what is trained on a backend of its own, then passes texts through it. */
import { CallError } from "../errors.ts";
import { tangentFromRecipe } from "../model/index.ts";
import { createBackend } from "../numerics/index.ts";
import { serve, workerPort } from "../runtime/index.ts";
import { descend } from "./descend.ts";
import type { Request } from "./protocol.ts";
import { trainableOf } from "./trainable.ts";
import type { Pulled, Trainable } from "./types.ts";

let trainable: Trainable | undefined;

async function answer(request: Request): Promise<unknown> {
  if (request.kind === "build") {
    const tangent = tangentFromRecipe(request.recipe, await createBackend(request.backend));
    trainable = await trainableOf(tangent, request.choice);
    return null;
  }
  if (!trainable) throw new CallError("training worker: expected a model before anything else");
  switch (request.kind) {
    case "assign":
      await trainable.assign(request.values);
      return null;
    case "forward":
      return trainable.forward(request.batch);
    case "descend": {
      const wanted = new Set(request.wanted);
      return descend(trainable, request.batch, request.goal, ({ name }) => wanted.has(name));
    }
  }
}

/** Gradients move to the trainer: they are as large as the model. */
function moved(result: unknown): Transferable[] {
  const { gradients } = (result ?? {}) as Partial<Pulled>;
  return gradients ? [...new Set(Object.values(gradients).map(({ buffer }) => buffer as ArrayBuffer))] : [];
}

serve(workerPort(), (request) => answer(request as Request), moved);
