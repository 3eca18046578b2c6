/**
 * A PEFT adapter and the model it belongs to: which layers have factors A (r × in) and B (out × r), with
 *   y = x·Wᵀ + s·(x·Aᵀ)·Bᵀ,  s = α/r,
 * and which tensors of the checkpoint the adapter replaces (trained biases, modules_to_save). Everything is checked before it is
 * used: nothing missing, nothing left over, shapes as rank and layer say.
 */
import { type WeightTensor, widen } from "../checkpoint/index.ts";
import { complaint, DataError } from "../errors.ts";
import type { Backend, DeviceTensor } from "../numerics/backend.ts";
import { architectureOf } from "./architectures.ts";
import type { Config } from "./config.ts";
import { type LoraConfig, readLoraConfig, targetTest } from "./loraConfig.ts";
import { bareName, type Module, modulesOf } from "./loraModules.ts";
import type { Weight } from "./network.ts";
import type { Adapter, Parameter, StoredTensors } from "./types.ts";
import { checkFinite, listed, type TensorTable } from "./weights.ts";

/** What PEFT puts before the path of a module. */
export const ROOT = "base_model.model.";

/** A layer with factors. */
export interface AdaptedModule {
  module: Module;
  A: string; // names of the adapter's tensors
  B: string;
  rank: number; // r
  scale: number; // s
}

const where = "adapter";

/** Paths of modules with their factors' names, and paths of tensors given whole with theirs. Throws DataError on another name. */
function sortTensors({ tensors }: Adapter) {
  const factors = new Map<string, { A?: string; B?: string }>();
  const whole = new Map<string, string>();
  for (const name of Object.keys(tensors)) {
    if (!name.startsWith(ROOT)) {
      throw new DataError(complaint(`${where}, tensor ${name}`, `a name that begins with ${ROOT}`, name));
    }
    const path = name.slice(ROOT.length);
    const factor = /^(.*)\.lora_([AB])\.weight$/.exec(path);
    if (factor) {
      factors.set(factor[1], { ...factors.get(factor[1]), [factor[2]]: name });
    } else if (path.includes("lora_")) {
      const hint = "an adapter of linear layers only, without DoRA, in the layout of PEFT's save_pretrained";
      throw new DataError(
        complaint(where, "tensors ….lora_A.weight and ….lora_B.weight of linear layers", name, hint),
      );
    } else if (!/\.(original_module|modules_to_save)\./.test(path)) {
      // PEFT repeats modules_to_save under those two where all biases are trained.
      whole.set(path.replace(/\.base_layer\.([^.]*)$/, ".$1"), name);
    }
  }
  return { factors, whole };
}

/** The layers `adapter` has factors for, in the model's order. Throws DataError where the two do not belong together. */
export function adaptedModules(
  adapter: Adapter,
  model: { config: Config; parameters: readonly Parameter[] },
): AdaptedModule[] {
  const lora = readLoraConfig(adapter.config);
  const table = architectureOf(model.config).architecture.tensorTable(model.config);
  const modules = modulesOf(model.config, model.parameters);
  const byBare = new Map(
    [...sortTensors(adapter).factors].map(([path, names]) => [bareName(table, path), { path, names }]),
  );
  checkStrangers(byBare, modules);

  const { hits, unfit } = targetsAmong(lora, modules.values(), (module) => {
    const given = byBare.get(module.bare);
    return given ? [given.path] : [module.path, table.prefix + module.bare];
  });
  if (unfit.length > 0) {
    throw new DataError(complaint("adapter_config.json, target_modules", "linear layers only", kinds(unfit)));
  }
  // A head that the adapter's model did not have, beside the layers it did.
  const wanted = hits.filter((module) => byBare.has(module.bare) || module.parts[0].group !== "head");
  if (wanted.length === 0) {
    throw new DataError(
      complaint(
        "adapter_config.json, target_modules",
        `some of ${layerNames(modules.values())}`,
        quoted(lora),
      ),
    );
  }
  const beyond = [...byBare].filter(([bare]) => !wanted.includes(modules.get(bare)!));
  if (beyond.length > 0) {
    const got = listed(beyond.map(([, { path }]) => path));
    throw new DataError(
      complaint(where, `factors of the layers that target_modules ${quoted(lora)} names`, `also ${got}`),
    );
  }
  const missing = wanted.flatMap((module) => {
    const { path = module.path, names } = byBare.get(module.bare) ?? {};
    return (["A", "B"] as const)
      .filter((side) => !names?.[side])
      .map((side) => `${ROOT}${path}.lora_${side}.weight`);
  });
  if (missing.length > 0) {
    throw new DataError(
      complaint(where, `${2 * wanted.length} tensors of factors`, `one without ${missing.join(", ")}`),
    );
  }
  return wanted.map((module) => {
    const { path, names } = byBare.get(module.bare)!;
    const made = { module, A: names.A!, B: names.B!, rank: lora.rank(path), scale: lora.scale(path) };
    checkFactor(adapter, made.A, [made.rank, module.inputs]);
    checkFactor(adapter, made.B, [module.outputs, made.rank]);
    return made;
  });
}

function checkStrangers(
  byBare: ReadonlyMap<string, { path: string }>,
  modules: ReadonlyMap<string, Module>,
): void {
  const strangers = [...byBare].filter(([bare]) => !modules.has(bare)).map(([, { path }]) => path);
  if (strangers.length === 0) return;
  throw new DataError(
    complaint(
      where,
      "factors of layers this model has",
      listed(strangers),
      "the model the adapter was trained on",
    ),
  );
}

function checkFactor({ tensors }: Adapter, name: string, shape: number[]): void {
  const got = tensors[name].shape;
  if (got.length === 2 && got.every((side, axis) => side === shape[axis])) return;
  throw new DataError(
    complaint(
      `tensor ${name}`,
      `shape [${shape.join(", ")}]`,
      `[${got.join(", ")}]`,
      "an adapter of this model, of the rank its config says",
    ),
  );
}

const quoted = ({ targets }: LoraConfig) => JSON.stringify(targets);

/** The modules whose path (one of them) is a target: linear layers, and others that cannot have LoRA here. */
export function targetsAmong(
  lora: LoraConfig,
  modules: Iterable<Module>,
  pathsOf: (module: Module) => string[] = ({ path }) => [path],
): { hits: Module[]; unfit: Module[] } {
  const isTarget = targetTest(lora);
  const heads = ["score", "classifier"]; // PEFT's "all-linear" leaves them to be trained whole
  const found = [...modules].filter((module) => {
    const isLinear = module.kind === "linear" && !heads.includes(module.bare);
    return pathsOf(module).some((path) => isTarget(path, isLinear));
  });
  return {
    hits: found.filter((module) => module.kind === "linear"),
    unfit: found.filter((module) => module.kind !== "linear"),
  };
}

/** "wte (embedding), …". */
export const kinds = (modules: readonly Module[]): string =>
  listed(modules.map(({ path, kind }) => `${path} (${kind === "words" ? "output words" : kind})`));

/** Last names of the linear layers, each once. */
export function layerNames(modules: Iterable<Module>): string {
  const linear = [...modules].filter((module) => module.kind === "linear");
  return [...new Set(linear.map(({ path }) => path.slice(path.lastIndexOf(".") + 1)))].join(", ");
}

/** The checkpoint's tensors with those the adapter brings whole in their place. Throws DataError on one it should not bring. */
export function withWholeTensors<T extends WeightTensor>(
  tensors: Record<string, T>,
  adapter: Adapter,
  table: TensorTable,
): Record<string, T | StoredTensors[string]> {
  const { whole } = sortTensors(adapter);
  if (whole.size === 0) return tensors;
  const { bias, wholeModules } = readLoraConfig(adapter.config);
  const isSaved = (path: string) =>
    (bias !== "none" && path.endsWith(".bias")) ||
    wholeModules.some((module) => `.${path}`.includes(`.${module}.`));
  const strangers = [...whole.keys()].filter((path) => !isSaved(path));
  if (strangers.length > 0) {
    throw new DataError(
      complaint(
        where,
        "factors, and what bias and modules_to_save in adapter_config.json allow",
        listed(strangers),
      ),
    );
  }
  const own = new Map(Object.keys(tensors).map((name) => [bareName(table, name), name]));
  const brought = [...whole].map(([path, name]) => [
    own.get(bareName(table, path)) ?? path,
    adapter.tensors[name],
  ]);
  return { ...tensors, ...Object.fromEntries(brought) };
}

/**
 * Gives the weights of adapted layers their factors, which join `weights` under the adapter's names, and marks what the adapter
 * trains. A's group is that of its layer: where the layer is of several (q, k, v in one), that of the first; B is cut into parts.
 * The factors stay on the backend: the caller releases what is returned.
 */
export function attachAdapter(
  backend: Backend,
  weights: Map<string, Weight>,
  adapter: Adapter,
  config: Config,
): DeviceTensor[] {
  const parameters = [...weights.values()].map((weight) => weight.parameter);
  const adapted = adaptedModules(adapter, { config, parameters });
  markWhole(adapter, parameters, architectureOf(config).architecture.tensorTable(config));
  const byName = new Map([...weights.values()].map((weight) => [weight.parameter.name, weight]));
  return backend.scope(() =>
    adapted.flatMap((one) => {
      const { A, parts } = factorWeights(backend, adapter, one);
      weights.set(A.parameter.name, A);
      for (const [whole, B] of parts) {
        weights.set(B.parameter.name, B);
        byName.get(whole)!.lora = { A, B, scale: one.scale };
      }
      return [A, ...parts.map(([, B]) => B)].map(({ value }) => value);
    }),
  );
}

/** A, and B of each part of the layer by the name of the part's weight. */
function factorWeights(
  backend: Backend,
  adapter: Adapter,
  { module: { inputs, outputs, parts }, A, B, rank }: AdaptedModule,
): { A: Weight; parts: [string, Weight][] } {
  const make = (parameter: Parameter, data: Float32Array | Float64Array): Weight => ({
    parameter: { ...parameter, adapter: true },
    value: backend.upload(data, parameter.shape),
  });
  const data = factorData(adapter, B);
  return {
    A: make({ name: A, shape: [rank, inputs], group: parts[0].group }, factorData(adapter, A)),
    parts: parts.map((part) => {
      const { parameter, suffix, first, group } = part;
      const shape = [part.outputs, rank];
      const stored = { tensor: B, shape: [outputs, rank], first, rows: true };
      const rows = data.subarray(first * rank, (first + part.outputs) * rank);
      return [parameter, make({ name: B + suffix, shape, group, ...(suffix && { stored }) }, rows)];
    }),
  };
}

function factorData({ tensors }: Adapter, name: string) {
  const data = widen(tensors[name].dtype, tensors[name].bytes);
  checkFinite(name, data);
  return data;
}

/** Marks the parameters the adapter brings whole; each has to be one of the network's. */
function markWhole(adapter: Adapter, parameters: readonly Parameter[], table: TensorTable): void {
  const whole = new Set([...sortTensors(adapter).whole.keys()].map((path) => bareName(table, path)));
  const met = new Set<string>();
  for (const parameter of parameters) {
    const bare = bareName(table, parameter.stored?.tensor ?? parameter.name);
    if (!whole.has(bare)) continue;
    parameter.adapter = true;
    met.add(bare);
  }
  const homeless = [...whole].filter((bare) => !met.has(bare));
  if (homeless.length === 0) return;
  throw new DataError(
    complaint(
      where,
      "tensors this model has a place for",
      listed(homeless),
      "the model the adapter was trained on",
    ),
  );
}
