/**
 * Where the hub is and what is kept of it, from the variables that Hugging Face's own libraries read: HF_ENDPOINT, HF_TOKEN,
 * HF_HUB_OFFLINE, HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME. A page has no variables and no cache: it is told, or takes the public hub.
 */
import { CallError, complaint } from "../../errors.ts";
import { hostProcess } from "../node.ts";
import { joinPath } from "../path.ts";
import type { HubLibrary } from "./library.ts";

export interface HubOptions {
  /** Default: HF_ENDPOINT, or https://huggingface.co. */
  endpoint?: string;
  /** Sent to the endpoint and nowhere else. Default: HF_TOKEN. */
  token?: string;
  /** Folder of the cache, laid out as Python's. Default: as those libraries choose it. */
  cache?: string;
  /** @huggingface/hub, where it cannot be loaded by its name: in a page, as its bundler has it. */
  library?: HubLibrary;
}

export interface HubSettings {
  /** Without a slash at its end. */
  endpoint: string;
  token?: string;
  /** Absent in a page. */
  cache?: string;
  /** No request at all. */
  offline: boolean;
}

const isTrue = (value = "") => ["1", "ON", "YES", "TRUE"].includes(value.toUpperCase());

/** CallError for an endpoint that is no http address. */
export async function hubSettings(options: HubOptions = {}): Promise<HubSettings> {
  const env = hostProcess()?.env ?? {};
  const endpoint = options.endpoint ?? (env["HF_ENDPOINT"] || "https://huggingface.co");
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
    throw new CallError(complaint("HF_ENDPOINT", "an address like https://huggingface.co", `"${endpoint}"`));
  }
  const token = options.token ?? (env["HF_TOKEN"] || undefined);
  const cache = options.cache ?? (hostProcess() && (await cacheFolder(env)));
  return {
    endpoint: endpoint.replace(/\/+$/, ""),
    ...(token !== undefined && { token }),
    ...(cache !== undefined && { cache }),
    offline: isTrue(env["HF_HUB_OFFLINE"] || env["TRANSFORMERS_OFFLINE"]),
  };
}

async function cacheFolder(env: Record<string, string | undefined>): Promise<string> {
  const { homedir } = await import("node:os");
  const home = homedir();
  const named = env["HF_HUB_CACHE"] || env["HUGGINGFACE_HUB_CACHE"];
  const chosen = named
    ? named
    : joinPath(
        env["HF_HOME"] || joinPath(env["XDG_CACHE_HOME"] || joinPath(home, ".cache"), "huggingface"),
        "hub",
      );
  return chosen.replace(/^~(?=$|[/\\])/, home);
}
