/** The folder this package was installed in: the nearest one above this module whose package.json is ours. */
import { DataError } from "../errors.ts";
import { exists, readFile } from "./files.ts";

const NAME = "ntkit";

/** @throws DataError where the code was copied out of its package (a bundle without package.json) */
export async function packageFolder(): Promise<string> {
  const { fileURLToPath } = await import("node:url");
  for (let url = new URL("./", import.meta.url); ; url = new URL("../", url)) {
    const manifest = fileURLToPath(new URL("package.json", url));
    if (await exists(manifest)) {
      const { name } = JSON.parse(new TextDecoder().decode(await readFile(manifest))) as { name?: string };
      if (name === NAME) return fileURLToPath(url);
    }
    if (url.pathname === "/" || new URL("../", url).href === url.href) {
      throw new DataError(
        `${import.meta.url}: expected the package.json of ${NAME} in a folder above, got none`,
      );
    }
  }
}
