/**
 * A fresh adapter, as PEFT starts one: B = 0, so that f is the base model's, and A uniform in ±1/√in (Kaiming with a = √5, what
 * nn.Linear starts with) or Gaussian of standard deviation 1/r.
 */
import { CallError, complaint, DataError } from "../errors.ts";
import { randomStream } from "../random.ts";
import { architectureOf } from "./architectures.ts";
import { kinds, layerNames, ROOT, targetsAmong } from "./lora.ts";
import { nameTest, readLoraConfig } from "./loraConfig.ts";
import { type Module, modulesOf } from "./loraModules.ts";
import type { Adapter, Model, ModelRecipe, Parameter } from "./types.ts";
import { declareWeights, weightsOf } from "./weights.ts";

export interface AdapterOptions {
  /** Rank; PEFT's 8 where absent. */
  r?: number;
  /** α; r where absent, so that s = 1. */
  alpha?: number;
  /**
   * Names of modules (paths or their ends), a regular expression of whole paths, or "all-linear": every linear layer but output
   * words and classifiers. Absent: what PEFT takes for this kind of model, queries and values.
   */
  targetModules?: readonly string[] | string;
  seed?: number;
  init?: "kaiming" | "gaussian";
  /** s = α/√r in place of α/r. */
  rslora?: boolean;
}

/** PEFT's defaults by model_type; where q, k, v are one layer that layer. */
const DEFAULT_TARGETS: Record<string, string[]> = {
  gpt_neo: ["q_proj", "v_proj"],
  gpt2: ["c_attn"],
  llama: ["q_proj", "v_proj"],
  mistral: ["q_proj", "v_proj"],
  qwen2: ["q_proj", "v_proj"],
  bert: ["query", "value"],
  roberta: ["query", "value"],
  distilbert: ["q_lin", "v_lin"],
};

/** For `loadModel(…, { adapter })`, from a model or from its recipe. CallError on unfit options and on targets that are no linear layers of this model. */
export function createAdapter(
  model: Pick<Model, "config" | "parameters"> | ModelRecipe,
  options: AdapterOptions = {},
): Adapter {
  const { r = 8, alpha = r, seed = 0, init = "kaiming", rslora = false } = options;
  if (!Number.isInteger(r) || r < 1)
    throw new CallError(complaint("LoRA rank r", "a positive integer", `${r}`));
  if (!(Number.isFinite(alpha) && alpha > 0)) {
    throw new CallError(complaint("LoRA alpha", "a number above 0", `${alpha}`));
  }
  if (init !== "kaiming" && init !== "gaussian") {
    throw new CallError(complaint("LoRA init", "kaiming or gaussian", `${init}`));
  }
  const { name } = architectureOf(model.config);
  const modules = [...modulesOf(model.config, parametersOf(model)).values()];
  const targets = options.targetModules ?? DEFAULT_TARGETS[name] ?? "all-linear";
  const config: Adapter["config"] = {
    peft_type: "LORA",
    task_type: null,
    base_model_name_or_path: null,
    inference_mode: true,
    r,
    lora_alpha: alpha,
    lora_dropout: 0,
    target_modules: targets,
    modules_to_save: null,
    bias: "none",
    use_rslora: rslora,
    use_dora: false,
    init_lora_weights: init === "gaussian" ? "gaussian" : true,
    fan_in_fan_out: modules.some((module) => module.kind === "linear" && module.transposed),
    rank_pattern: {},
    alpha_pattern: {},
    layers_to_transform: null,
    layers_pattern: null,
  };
  const hits = findTargets(config, modules, targets);
  // PEFT names the layers it found in place of the word.
  if (targets === "all-linear") config["target_modules"] = hits.map((module) => module.path);

  const { uniform, gaussian } = randomStream(seed);
  const tensors: Adapter["tensors"] = {};
  const put = (name: string, data: Float32Array<ArrayBuffer>, shape: number[]) => {
    tensors[name] = { dtype: "F32", shape, bytes: new Uint8Array(data.buffer) };
  };
  for (const { path, inputs, outputs } of hits) {
    const draw = init === "gaussian" ? () => gaussian() / r : () => (2 * uniform() - 1) / Math.sqrt(inputs);
    put(`${ROOT}${path}.lora_A.weight`, Float32Array.from({ length: r * inputs }, draw), [r, inputs]);
    put(`${ROOT}${path}.lora_B.weight`, new Float32Array(outputs * r), [outputs, r]);
  }
  return { config, tensors };
}

/** Of a recipe too, without a backend. */
function parametersOf(model: Pick<Model, "config" | "parameters"> | ModelRecipe): readonly Parameter[] {
  if ("parameters" in model) return model.parameters;
  const table = architectureOf(model.config).architecture.tensorTable(model.config);
  return [...weightsOf(declareWeights(model.tensors, table)).values()].map((weight) => weight.parameter);
}

function findTargets(
  config: Adapter["config"],
  modules: readonly Module[],
  targets: readonly string[] | string,
): Module[] {
  const wrong = (expected: string, got: string) => new CallError(complaint("LoRA targets", expected, got));
  const some = `some of ${layerNames(modules)}, or all-linear`;
  let found: ReturnType<typeof targetsAmong>;
  try {
    found = targetsAmong(readLoraConfig(config), modules);
  } catch (error) {
    if (error instanceof DataError) throw wrong(some, error.message);
    throw error;
  }
  if (found.unfit.length > 0) throw wrong("linear layers only", kinds(found.unfit));
  const idle =
    typeof targets === "string"
      ? []
      : targets.filter((name) => {
          const test = nameTest("target_modules", [name]);
          return !modules.some(({ path }) => test(path));
        });
  if (idle.length > 0 || found.hits.length === 0) {
    throw wrong(some, idle.length > 0 ? idle.join(", ") : JSON.stringify(targets));
  }
  return found.hits;
}
