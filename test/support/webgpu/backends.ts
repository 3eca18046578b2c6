/** backends.ts on a GPU. */
import { webgpuBackends } from "../../../src/numerics/webgpu/index.ts";
import { openDevice } from "./device.ts";

const create = await webgpuBackends({ device: await openDevice() });

export const backends = [{ name: "webgpu", create, tolerance: 1e-5 }] as const;
