/** A Chromium to look at pages with: $CHROMIUM, or where distributions put one. */
import { existsSync } from "node:fs";

/** Path of the first that exists; undefined where there is none. */
export const chromiumPath = (): string | undefined =>
  [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
    (path) => path !== undefined && existsSync(path),
  );

/** In a container Chromium has neither a sandbox nor a graphics card. */
export const launchArgs = ["--no-sandbox", "--disable-gpu"];
