/** Entry of build/worker.js: rebuilds the model it is sent on a backend of its own, then serves one station. */
import { CallError } from "../errors.ts";
import { tangentFromRecipe } from "../model/index.ts";
import { createBackend } from "../numerics/index.ts";
import { serve, workerPort } from "../runtime/index.ts";
import type { Request } from "./protocol.ts";
import { createStation, type Station } from "./station.ts";

let station: Station | undefined;

async function answer(request: Request): Promise<unknown> {
  if (request.kind === "build") {
    station = createStation(tangentFromRecipe(request.recipe, await createBackend(request.backend)));
    return null;
  }
  if (!station) throw new CallError("worker: expected a model before anything else");
  switch (request.kind) {
    case "open":
      return station.open(request.block, request.batch, request.wanted, request.combinations);
    case "advance":
      return station.advance(request.block);
    case "sketch":
      return station.sketch(request.block, request.spec);
    case "contract":
      return station.contract(request.task);
    case "largest":
      return station.largest(request.tap, request.copies);
    case "pull":
      return station.pull(request.task);
    case "push":
      return station.push(request.task);
  }
}

serve(workerPort(), (request) => answer(request as Request));
