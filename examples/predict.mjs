// The main job as a library: a pretrained model, labelled texts, and when to stop.
import { fileURLToPath } from "node:url";
import { predict, renderText } from "ntkit";

const asset = (path) => fileURLToPath(new URL(`../assets/${path}`, import.meta.url));

const { record, inputs } = await predict({
  model: asset("nano-gpt-neo"),
  data: asset("snips/train.csv"),
  perClass: 4,
  readout: { kind: "head", init: "gaussian", pool: "mean" },
  seed: 0,
});
inputs.model.dispose();
console.log(renderText(record));
