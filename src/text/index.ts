/** Words: labelled text from files, splits, tokenizers and batches. Knows files, and nothing of networks. */
export type { Batch } from "./batch.ts";
export { matchClasses, oneHot } from "./classes.ts";
export { type Dataset, type DatasetOptions, openDataset, readDataset, subset } from "./dataset.ts";
export { pickTexts } from "./pick.ts";
export { labelTokens, maskOf, readTemplate, type Template, tokenizePrompts } from "./prompt.ts";
export { split } from "./split.ts";
export { type TokenizeOptions, tokenize } from "./tokenize.ts";
export { loadTokenizer, type Tokenizer, type TokenizerSource } from "./tokenizer.ts";
