/** The job in a page: the files over loopback, the answer as JSON in #answer. */
import { job } from "./job.mjs";

const read = async (path) => new Uint8Array(await (await fetch(`/assets/${path}`)).arrayBuffer());
const names = ["config.json", "tokenizer.json", "model.safetensors"];
const files = await Promise.all(names.map((name) => read(`nano-gpt-neo/${name}`)));
const model = Object.fromEntries(names.map((name, i) => [name, files[i]]));
const show = (answer) => {
  const element = document.createElement("pre");
  element.id = "answer";
  element.textContent = JSON.stringify(answer);
  document.body.append(element);
};
try {
  const workers = Number(new URL(location.href).searchParams.get("workers"));
  const answer = await job(model, await read("snips/train.csv"), await read("snips/test.csv"), workers);
  show({ ...answer, isolated: globalThis.crossOriginIsolated });
} catch (error) {
  show({ error: String(error) });
}
