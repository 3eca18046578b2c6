/** Door of study/: where the rooms meet. */

export type { LossName } from "../finetune/index.ts";
export type { AdapterChoice } from "./adapter.ts";
export type { TheoryChoice } from "./analyse.ts";
export { type Certificate, type CertificateRow, certify } from "./certificate.ts";
export { type ConfirmChoice, confirm } from "./confirm.ts";
export type { Confirmation, ConfirmedRule, RuleOutcome } from "./confirmation.ts";
export { type DoctorReport, doctor } from "./doctor.ts";
export { type FinetuneChoice, type FinetuneReport, finetune } from "./finetune.ts";
export {
  type CheckpointSource,
  type DataChoice,
  type DataSource,
  type InputChoice,
  loadInputs,
  type StudyInputs,
} from "./inputs.ts";
export { type InspectReport, inspectModel } from "./inspect.ts";
export { LIVE_RULES, type LiveRule, RETAKE_STEPS } from "./liveStop.ts";
export { type PredictChoice, type Prediction, predict, studyKernel } from "./predict.ts";
export { DEFAULT_TEMPLATE, MASK_TEMPLATE, type ReadoutChoice } from "./readout.ts";
export { parseRecord } from "./readRecord.ts";
export { RECORD_VERSION, type StudyRecord } from "./record.ts";
export { type SketchedKernel, sketchStudy } from "./sketch.ts";
export { describeSpectrum, kernelSpectrum, type Spectrum, type SpectrumReport } from "./spectrum.ts";
export { type Matrix, type StopChoice, type StopReport, stopForKernel } from "./stop.ts";
