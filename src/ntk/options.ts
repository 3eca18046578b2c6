/** What a caller may ask of a kernel, checked once. */
import type { LongOptions } from "../progress.ts";
import type { ParameterChoice } from "./select.ts";
import type { VariantChoice } from "./variant.ts";

/** `kernel`, `outputs` and `deadZone`: variant.ts. */
export interface NtkOptions extends LongOptions, VariantChoice {
  parameters?: ParameterChoice;
  /** Also the kernel of each parameter group; they add up to the whole, up to the rounding of their sums. */
  byGroup?: boolean;
  /** Threads; "auto" (the default) is one a core where the work is worth it; 0 and 1 stay in the caller's thread. */
  workers?: number | "auto";
  /** Bytes the whole work may take; 70 % of the machine's memory where absent. */
  memory?: number;
  /** The worker module, where it does not lie beside the package's own files. */
  workerUrl?: URL;
}
