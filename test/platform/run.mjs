/** The job under Node, Deno or Bun: prints its answer as one line of JSON. */
import { readFileSync } from "node:fs";
import { job } from "./job.mjs";

const read = (path) => new Uint8Array(readFileSync(new URL(`../../assets/${path}`, import.meta.url)));
const names = ["config.json", "tokenizer.json", "model.safetensors"];
const model = Object.fromEntries(names.map((name) => [name, read(`nano-gpt-neo/${name}`)]));
const workers = Number(globalThis.process.argv[2]);
console.log(JSON.stringify(await job(model, read("snips/train.csv"), read("snips/test.csv"), workers)));
