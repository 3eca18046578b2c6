/** ntkit/theory: what a kernel matrix and its targets imply. Pure functions of float64 arrays; nothing here knows of models. */
export { analyseStopping } from "./analysis.ts";
export { assumptions } from "./assumptions.ts";
export { type ClockCalibration, calibrateClock } from "./calibrateClock.ts";
export { trainingClock, trainingSchedule } from "./clock.ts";
export { type CrossValidation, crossValidate } from "./crossValidation.ts";
export { type DecayOptions, fitDecay } from "./decay.ts";
export type { KernelSpectrum } from "./eigenbasis.ts";
export { discreteFilters, type Filters, filterRatio, flowFilters, ridgeFilter } from "./filters.ts";
export {
  crossEntropyGradient,
  type DescentState,
  gradientDescent,
  type LossGradient,
  squaredGradient,
} from "./gradientDescent.ts";
export { type GradientDescentMse, gradientDescentMse } from "./gradientDescentMse.ts";
export { type FlowState, type GradientFlow, type GradientFlowInput, gradientFlow } from "./gradientFlow.ts";
export { type Guarantee, type GuaranteeInput, guarantees } from "./guarantees.ts";
export {
  type BootstrapInput,
  bootstrapRules,
  bootstrapSteps,
  bootstrapStoppingTime,
  type Resample,
  type StepInterval,
  stoppingInterval,
  type Uncertainty,
} from "./intervals.ts";
export { type LearningCurve, learningCurve } from "./learningCurve.ts";
export { type MinibatchInput, type MinibatchMoments, minibatchMoments } from "./minibatch.ts";
export { momentumFilters } from "./momentum.ts";
export { type LabelsCheck, type MoreLabels, type MoreLabelsInput, moreLabels } from "./moreLabels.ts";
export {
  boundedLabelNoise,
  crossValidationNoise,
  lateResidualNoise,
  lateResidualNoiseOf,
  type NoiseEstimate,
  nearestNeighbourNoise,
  replicateNoise,
} from "./noise.ts";
export { crossFittedNorm, type NormEstimate, plugInNorm } from "./norm.ts";
export type { PredictiveVariance, VarianceInput } from "./path.ts";
export { type PathCv, type PathCvAnswer, type PathCvInput, pathCv } from "./pathCv.ts";
export type { StoppingProblem } from "./problem.ts";
export { type DecayRadius, decayRadius } from "./rates.ts";
export { type KernelRidge, kernelRidge, type RidgePath, ridgeEquivalent, ridgePath } from "./ridge.ts";
export { type RiskCurve, riskBounds, riskCurve } from "./risk.ts";
export type { BasisRuleInput } from "./rules/basis.ts";
export type { Truncation } from "./rules/choice.ts";
export { type CrossValidationRuleInput, kFoldCrossValidation, leaveOneOut } from "./rules/cv.ts";
export { discrepancyPrinciple, smoothedDiscrepancyPrinciple } from "./rules/discrepancy.ts";
export { generalizedCrossValidation } from "./rules/gcv.ts";
export { type Holdout, holdOut } from "./rules/holdout.ts";
export type { RunInput, SpectrumRuleInput, StoppingChoice } from "./rules/input.ts";
export { leaveOneOutShortcut } from "./rules/loo.ts";
export { oracleStop } from "./rules/oracle.ts";
export {
  type RademacherChoice,
  type RademacherRuleInput,
  rademacherByOutput,
  rademacherRule,
} from "./rules/rademacher.ts";
export { steinUnbiasedRisk } from "./rules/sure.ts";
export {
  cosineSchedule,
  type DecayingSchedule,
  linearSchedule,
  type StepClock,
  type StepSchedule,
  stepClock,
  warmupSchedule,
} from "./schedule.ts";
export { scheduleFilters } from "./scheduleFilters.ts";
export { ruleSensitivities, type Sensitivity, sensitivityOf } from "./sensitivity.ts";
export {
  effectiveDimension,
  effectiveDimensionSlope,
  localRademacherComplexity,
  maxLearningRate,
  type SpectrumInput,
} from "./spectrum.ts";
export {
  criticalRadius,
  type StoppingInput,
  type StoppingTime,
  stoppingSensitivity,
  stoppingTime,
  stoppingTimeBounds,
  stoppingTimeByDefinition,
  stoppingTimeByDimension,
} from "./stoppingTime.ts";
export { type CurvesInput, type TrainingCurves, trainingCurves } from "./trainingCurves.ts";
export type * from "./types.ts";
export {
  type FeatureChange,
  featureChange,
  type KernelDrift,
  kernelDrift,
  type LinearisationError,
  linearisationError,
  yardsticks,
} from "./validity.ts";
export { decayedFilters } from "./weightDecay.ts";
