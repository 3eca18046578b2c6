/** backendTable.ts on a GPU: one row, one device. */
import { webgpuBackends } from "../../../src/numerics/webgpu/index.ts";
import type { BackendRow } from "../measures.ts";
import { openDevice } from "./device.ts";

export * from "../measures.ts";

const create = await webgpuBackends({ device: await openDevice() });

export const wasmRows: BackendRow[] = [];
export const backendRows: BackendRow[] = [
  { name: "webgpu", create, epsilon: 2 ** -24, sumEpsilon: 2 ** -24 },
];
