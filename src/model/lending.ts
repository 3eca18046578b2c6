/**
 * A shelf that lends the weights of one step at a time: read or found in memory as they are stored, widened, put on the backend, and
 * freed when the next step needs others. A step that needs the same ones again (the same stage for the next block of a kernel) finds
 * them there. While a step computes, the bytes of the next one are being read. Cost of a step: one copy of its weights.
 */
import { isPlaced, readTensor, storedBytes, type WeightTensor, widen } from "../checkpoint/index.ts";
import { sizeOf } from "../numerics/array.ts";
import type { Backend } from "../numerics/backend.ts";
import type { Weight } from "./network.ts";
import type { Needs, RowUse, WeightShelf } from "./shelf.ts";
import type { Parameter } from "./types.ts";
import { checkFinite, type Slot, valueOfWeight } from "./weights.ts";

type Floats = Float32Array | Float64Array;
type Bytes = Map<string, Promise<Uint8Array>>;

/** Rows this close are read in one piece: bytes between them. */
const GAP = 2 ** 14;
/** Pieces that are read at once. */
const AT_ONCE = 16;

export function lendingShelf(
  backend: Backend,
  slots: readonly Slot[],
  tensors: Record<string, WeightTensor>,
): WeightShelf {
  const slotOf = new Map(slots.map((slot) => [slot.weight.parameter, slot]));
  const ofWeight = new Map(slots.map((slot) => [slot.weight, slot]));
  const lent = new Set<Slot>();
  /** Rows of tables, for the step under way. */
  const rowsOf = new Map<Weight, Map<number, Floats>>();
  /** Tensors whose numbers were looked at: a file that changes afterwards is noticed as such. */
  const checked = new Set<string>();
  let coming: Bytes = new Map();
  let turn: Promise<unknown> = Promise.resolve();

  // What is not the checkpoint's, such as a fresh head, is on the backend anyway.
  const slotsFor = ({ whole = [] }: Needs): Slot[] =>
    whole.flatMap((parameter) => slotOf.get(parameter) ?? []);

  function giveBack(slot: Slot): void {
    backend.release(slot.weight.value);
    slot.put(null);
    lent.delete(slot);
  }

  /** Bytes of the tensors of these slots, once each; what is being read already is not read again. */
  function fetch(wanted: readonly Slot[]): Bytes {
    const bytes: Bytes = new Map();
    for (const { tensor } of wanted) {
      if (bytes.has(tensor)) continue;
      const reading = coming.get(tensor) ?? readTensor(tensor, tensors[tensor]);
      reading.catch(() => {}); // whoever waits for it hears of it
      bytes.set(tensor, reading);
    }
    return bytes;
  }

  async function bring(needs: Needs, next: Needs | undefined): Promise<void> {
    const wanted = slotsFor(needs);
    for (const slot of lent) if (!wanted.includes(slot)) giveBack(slot);
    rowsOf.clear();
    const missing = wanted.filter((slot) => !lent.has(slot));
    const bytes = fetch(missing);
    coming = next ? fetch(slotsFor(next).filter((slot) => !lent.has(slot))) : new Map();
    for (const slot of missing) {
      const numbers = widen(tensors[slot.tensor].dtype, await bytes.get(slot.tensor)!);
      if (!checked.has(slot.tensor)) checkFinite(slot.tensor, numbers);
      checked.add(slot.tensor);
      const { data, shape } = valueOfWeight(slot, numbers);
      slot.put(backend.upload(data, shape));
      lent.add(slot);
    }
    for (const use of needs.rows ?? []) await bringRows(use);
    // One turn of the event loop: timers, an abort, and the reading of what comes next get under way.
    await new Promise((resolve) => setTimeout(resolve));
  }

  async function bringRows({ weight, ids }: RowUse): Promise<void> {
    const slot = ofWeight.get(weight);
    if (!slot) return;
    const rows = rowsOf.get(weight) ?? new Map<number, Floats>();
    rowsOf.set(weight, rows);
    const tensor = tensors[slot.tensor];
    const width = rowWidth(weight.parameter);
    const rowBytes = storedBytes(tensor) / tensor.shape[0];
    const near = isPlaced(tensor) ? Math.ceil(GAP / rowBytes) : 0;
    const runs = runsOf(ids, near);
    for (let at = 0; at < runs.length; at += AT_ONCE) {
      await Promise.all(
        runs.slice(at, at + AT_ONCE).map(async ({ first, last }) => {
          const bytes = await readTensor(slot.tensor, tensor, first * rowBytes, (last + 1) * rowBytes);
          const data = widen(tensor.dtype, bytes);
          checkFinite(`${slot.tensor}, rows ${first} to ${last}`, data);
          for (let id = first; id <= last; id++) {
            rows.set(id, data.subarray((id - first) * width, (id - first + 1) * width));
          }
        }),
      );
    }
  }

  return {
    mode: Object.values(tensors).some(isPlaced) ? "streaming" : "layered",

    // Steps of runs that are under way at once take turns: the weights of one step are there at a time.
    using(needs, body, next) {
      const mine = turn.then(async () => {
        await bring(needs, next);
        return body();
      });
      turn = mine.catch(() => {});
      return mine;
    },

    rows(weight, ids) {
      const rows = rowsOf.get(weight);
      if (!rows) return backend.gatherRows(weight.value, backend.upload(ids, [ids.length]));
      const width = rowWidth(weight.parameter);
      const Kind = rows.values().next().value instanceof Float64Array ? Float64Array : Float32Array;
      const table = new Kind(ids.length * width);
      ids.forEach((id, r) => {
        const row = rows.get(id);
        if (!row)
          throw new Error(`row ${id} of ${weight.parameter.name} is used by a step that did not ask for it`);
        table.set(row, r * width);
      });
      return backend.upload(table, [ids.length, width]);
    },

    dispose() {
      for (const slot of lent) giveBack(slot);
      rowsOf.clear();
      coming.clear();
    },
  };
}

/** Numbers of a row; a vector is a table of rows one number wide. */
const rowWidth = ({ shape }: Parameter) => sizeOf(shape) / shape[0];

/** Sorted runs [first, last] that hold all ids, no two of them closer than `near`. */
function runsOf(ids: Int32Array, near: number): { first: number; last: number }[] {
  const runs: { first: number; last: number }[] = [];
  for (const id of ids.slice().sort()) {
    const run = runs.at(-1);
    if (run && id <= run.last + 1 + near) run.last = Math.max(run.last, id);
    else runs.push({ first: id, last: id });
  }
  return runs;
}
