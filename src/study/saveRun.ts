/**
 * What a run leaves: the checkpoint in Hugging Face layout with the tensors that were trained, a fresh head in a file of its own, the
 * task vector θ_T − θ₀ with the checkpoint's names, and the curve. Each file is written aside and renamed.
 */
import { writeSafetensors } from "../checkpoint/index.ts";
import type { ParameterValues, Trainable } from "../finetune/index.ts";
import { sizeOf } from "../numerics/index.ts";
import { joinPath, makeFolder, writeFileAtomic } from "../runtime/index.ts";
import type { FinetuneReport } from "./finetune.ts";
import type { StudyInputs } from "./inputs.ts";

const HEAD = /^head\./;

/** @returns paths by what they hold */
export async function saveRun(
  folder: string,
  { checkpoint, tangent }: StudyInputs,
  { trainable, start, report }: { trainable: Trainable; start: ParameterValues; report: FinetuneReport },
): Promise<Record<string, string>> {
  await makeFolder(folder);
  const end = await trainable.values();
  const shapes = new Map(
    tangent.parameters.map(({ name, shape, stored }) =>
      stored ? [stored.tensor, stored.shape] : [name, shape],
    ),
  );
  const tensor = (name: string, data: Float32Array | Float64Array) => {
    const values = Float32Array.from(data);
    const shape = shapes.get(name) ?? [sizeOf([data.length])];
    return { dtype: "F32" as const, shape, bytes: new Uint8Array(values.buffer) };
  };
  const pick = (values: ParameterValues, isHead: boolean) =>
    Object.fromEntries(
      Object.entries(values)
        .filter(([name]) => HEAD.test(name) === isHead)
        .map(([name, data]) => [name, tensor(name, data)]),
    );
  const files: Record<string, string> = {};
  const write = async (what: string, name: string, content: Uint8Array | string) => {
    files[what] = joinPath(folder, name);
    await writeFileAtomic(files[what], content);
  };
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  const head = pick(end, true);
  await write("config", "config.json", json(checkpoint.config));
  if (checkpoint.tokenizerJson) await write("tokenizer", "tokenizer.json", json(checkpoint.tokenizerJson));
  if (checkpoint.tokenizerConfig) {
    await write("tokenizer_config", "tokenizer_config.json", json(checkpoint.tokenizerConfig));
  }
  await write("checkpoint", "model.safetensors", writeSafetensors(pick(end, false), { format: "pt" }));
  if (Object.keys(head).length > 0)
    await write("head", "head.safetensors", writeSafetensors(head, { format: "pt" }));
  const change = Object.fromEntries(
    Object.entries(end).map(([name, data]) => [
      name,
      tensor(
        name,
        data.map((value, i) => value - start[name][i]),
      ),
    ]),
  );
  const metadata = {
    ntkit: JSON.stringify({ kind: "task vector", from: checkpoint.fingerprint, steps: report.step }),
  };
  await write("task_vector", "task_vector.safetensors", writeSafetensors(change, metadata));
  await write("curve", "finetune.json", json({ ...report, files }));
  return files;
}
