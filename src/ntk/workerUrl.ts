/**
 * Where build/worker.js is, seen from whichever module this code was bundled into: build/*.js, build/chunks/*.js, or the
 * source tree (tests, after a build).
 */
export function workerUrl(here: string = import.meta.url): URL {
  if (here.endsWith(".ts")) return new URL("../../build/worker.js", here);
  return new URL(/\/chunks\/[^/]*$/.test(here) ? "../worker.js" : "./worker.js", here);
}
