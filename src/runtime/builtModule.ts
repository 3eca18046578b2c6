/**
 * Where a module of build/ is, seen from whichever module this code was bundled into: build/*.js, build/chunks/*.js, or the
 * source tree (src/runtime/builtModule.ts: tests, after a build). What workers are started from.
 */
export function builtModule(name: string, here: string = import.meta.url): URL {
  if (here.endsWith(".ts")) return new URL(`../../build/${name}`, here);
  return new URL(/\/chunks\/[^/]*$/.test(here) ? `../${name}` : `./${name}`, here);
}
