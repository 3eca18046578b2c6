/** What the command line knows of the package it came in. */
import { joinPath, packageFolder, readFile } from "../runtime/index.ts";

export async function version(): Promise<string> {
  const bytes = await readFile(joinPath(await packageFolder(), "package.json"));
  return (JSON.parse(new TextDecoder().decode(bytes)) as { version: string }).version;
}

/** A file that ships with the package. */
export const asset = async (path: string): Promise<string> => joinPath(await packageFolder(), "assets", path);

/** What was typed, for the record. */
export const commandLine = (): string =>
  [
    "ntkit",
    ...process.argv.slice(2).map((word) => (/^[\w./:=,@%+-]+$/.test(word) ? word : JSON.stringify(word))),
  ].join(" ");
