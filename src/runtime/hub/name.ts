/** Names of models on the Hugging Face hub: hub:owner/name, with a .gguf file of it where it has several, at a revision. */
import { CallError, complaint } from "../../errors.ts";

export interface HubName {
  repo: string; // owner/name
  /** A .gguf file in it. */
  file?: string;
  /** A branch, a tag or a commit; the branch main where absent. */
  revision?: string;
}

const FORM = /^hub:([\w.-]+\/[\w.-]+)(?:\/([^@]+\.gguf))?(?:@(.+))?$/;

export const isHubName = (source: unknown): source is string =>
  typeof source === "string" && source.startsWith("hub:");

/** CallError for anything that is no such name. Parts that would lead out of a folder are none: they become paths in the cache. */
export function parseHubName(source: string): HubName {
  const [, repo, file, revision] = FORM.exec(source) ?? [];
  if (
    repo === undefined ||
    ![repo, file, revision].every((part) => part === undefined || staysInside(part))
  ) {
    throw new CallError(
      complaint(
        source,
        "hub:owner/name, hub:owner/name@revision or hub:owner/name/file.gguf",
        `"${source}"`,
        "the name as the model's page shows it",
      ),
    );
  }
  return { repo, ...(file !== undefined && { file }), ...(revision !== undefined && { revision }) };
}

/** A relative path with "/" between its parts, none of which points upwards, under any platform's rules. */
export const staysInside = (path: string): boolean =>
  path.split("/").every((part) => /^[^\\:*?"<>|\p{Cc}]+$/u.test(part) && !/^\.+$/.test(part) && part !== "");
