/** Entry of build/numericsWorker.js: the caller's kernels on a memory of its own, computing tiles in the order they come. */
import { CallError } from "../../errors.ts";
import { serve, workerPort } from "../../runtime/index.ts";
import { instantiate } from "../wasm/load.ts";
import type { Numbers } from "./blocks.ts";
import type { Request } from "./crew.ts";
import { createStation, type Station } from "./station.ts";

let station: Station | undefined;

serve(
  workerPort(),
  (request) => {
    const { module, task } = request as Request;
    if (module) station = createStation(instantiate(module));
    if (!station) throw new CallError("numerics worker: expected the kernels before anything else");
    return task ? station.compute(task) : null;
  },
  (result) => (result ? [(result as Numbers).buffer as ArrayBuffer] : []),
);
