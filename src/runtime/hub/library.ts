/**
 * @huggingface/hub, loaded when a hub model is first named. By a name that bundlers do not follow: what it resolves to is made for
 * Node, and a page that never names a hub model should not have to bundle it. A page that does gives the library itself.
 */
import type * as Library from "@huggingface/hub";
import { CallError, complaint } from "../../errors.ts";

const NAME = "@huggingface/hub";

export type HubLibrary = Pick<
  typeof Library,
  "listFiles" | "modelInfo" | "fileDownloadInfo" | "downloadFile"
>;

/** @throws CallError where it cannot be loaded. */
export async function hubLibrary(given?: HubLibrary): Promise<HubLibrary> {
  if (given) return given;
  try {
    return (await import(/* @vite-ignore */ NAME)) as HubLibrary;
  } catch (error) {
    const hint =
      'the option hub: { library: await import("@huggingface/hub") }, or an import map for that name';
    throw new CallError(complaint("hub models", `the package ${NAME}`, String(error), hint));
  }
}
