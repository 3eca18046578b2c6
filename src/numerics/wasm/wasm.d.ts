/** A .wasm import is its bytes: a small plugin in scripts/build.mjs, another in vitest.config.ts. */
declare module "*.wasm" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
