/** The charts by their names. A new chart is one file beside this one and one row here. */
import type { StudyRecord } from "../../study/record.ts";
import type { Markup } from "../markup.ts";
import type { Sheet } from "../svg/chart.ts";
import { confirmationChart } from "./confirmation.ts";
import { curvesChart } from "./curves.ts";
import { cvChart } from "./cv.ts";
import { effectiveDimensionChart } from "./effectiveDimension.ts";
import { energyChart } from "./energy.ts";
import { riskChart } from "./risk.ts";
import { spectrumChart } from "./spectrum.ts";

export const charts = {
  spectrum: spectrumChart,
  energy: energyChart,
  risk: riskChart,
  curves: curvesChart,
  cv: cvChart,
  "effective-dimension": effectiveDimensionChart,
  confirmation: confirmationChart,
} satisfies Record<string, (record: StudyRecord, sheet: Sheet) => Markup>;

export type ChartKind = keyof typeof charts;
