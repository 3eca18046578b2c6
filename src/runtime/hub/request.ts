/**
 * Requests to the hub: the token goes to its endpoint and never to where a redirect leads (files lie on other servers), and every
 * refusal becomes a sentence. This is the `fetch` that @huggingface/hub is handed.
 */
import { CallError, complaint, DataError } from "../../errors.ts";
import { hostProcess } from "../node.ts";
import type { HubSettings } from "./settings.ts";

const MOST_REDIRECTS = 10;

/** No answer, or none for now: what is in the cache may serve instead. */
export class NoAnswer extends DataError {}

/** `model`: its name for errors, with the revision that was asked for. */
export function hubFetch(settings: HubSettings, model: string, signal?: AbortSignal): typeof fetch {
  const { origin } = new URL(settings.endpoint);
  return async (input, init) => {
    let url = new URL(input instanceof Request ? input.url : input);
    const carried = new Headers();
    for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
      const headers = new Headers(init?.headers);
      if (settings.token && url.origin === origin) headers.set("authorization", `Bearer ${settings.token}`);
      const response = await send(url, { ...init, headers }, settings, model, signal ?? init?.signal);
      const location = response.status >= 300 && response.status < 400 && response.headers.get("location");
      if (!location) {
        if (response.ok || isMissingFile(response)) return withHeaders(response, carried);
        throw await refusal(response, settings, model);
      }
      // The hub says what a file is before it sends one on to where the file lies, which knows less.
      for (const [key, value] of response.headers) if (key.startsWith("x-linked-")) carried.set(key, value);
      await response.body?.cancel();
      url = new URL(location, url);
    }
    throw new DataError(`${model}: ${settings.endpoint} redirects in a circle`);
  };
}

async function send(
  url: URL,
  init: RequestInit,
  { endpoint }: HubSettings,
  model: string,
  signal?: AbortSignal | null,
): Promise<Response> {
  // A page may not see where it is redirected; there the browser follows, and takes the token off.
  const redirect = hostProcess() ? "manual" : "follow";
  try {
    return await fetch(url, { ...init, redirect, ...(signal && { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    throw new NoAnswer(
      complaint(
        model,
        `an answer from ${endpoint}`,
        `none (${inWords(error)})`,
        "again when the network is back, or the folder of a downloaded model",
      ),
    );
  }
}

const isMissingFile = ({ status, headers }: Response) =>
  status === 404 && headers.get("x-error-code") === "EntryNotFound";

/** The response with headers of the redirects that led to it, where it has none of that name. */
function withHeaders(response: Response, carried: Headers): Response {
  const missing = [...carried].filter(([key]) => !response.headers.has(key));
  if (missing.length === 0) return response;
  const headers = new Headers(response.headers);
  for (const [key, value] of missing) headers.set(key, value);
  const { status, statusText, url, body } = response;
  return Object.defineProperty(new Response(body, { status, statusText, headers }), "url", { value: url });
}

async function refusal(response: Response, settings: HubSettings, model: string): Promise<Error> {
  const { status, headers } = response;
  const { endpoint, token } = settings;
  const code = headers.get("x-error-code");
  await response.body?.cancel();
  const page = `${endpoint}/${model.replace(/^hub:|@.*$/g, "")}`;
  if (code === "GatedRepo" || (status === 403 && code !== "RepoNotFound")) {
    return new DataError(
      complaint(
        model,
        "a model that this token may read",
        `a refusal (${status})`,
        `accepting its terms at ${page}, then HF_TOKEN with a token of that account`,
      ),
    );
  }
  if (code === "RevisionNotFound") {
    return new CallError(complaint(model, "a branch, tag or commit of the model", "one it does not have"));
  }
  if (status === 404 || code === "RepoNotFound" || (status === 401 && !token)) {
    return new CallError(
      complaint(
        model,
        `a model on ${endpoint}`,
        `none of that name that ${token ? "this token" : "anyone without a token"} may read (${status})`,
        "owner/name as its page shows it, or HF_TOKEN for a private model",
      ),
    );
  }
  if (status === 401) {
    return new DataError(
      complaint(
        model,
        `a token that ${endpoint} knows`,
        `a refusal of HF_TOKEN (401)`,
        "a token that is valid",
      ),
    );
  }
  const problem = complaint(model, `a file from ${endpoint}`, `status ${status}`, "again later");
  return status === 429 || status >= 500 ? new NoAnswer(problem) : new DataError(problem);
}

/** "fetch failed" says nothing; its cause does. */
export function inWords(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message?: string };
  return cause?.code || cause?.message || message || String(error);
}
