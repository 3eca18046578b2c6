/** The runtime: files, folders, threads, cores, memory. The only room that names a platform; it knows no other room. */
export { builtModule } from "./builtModule.ts";
export {
  exists,
  fileSize,
  listFolder,
  makeFolder,
  readFile,
  readRange,
  removeAll,
  writeFileAtomic,
  writePiecesAtomic,
} from "./files.ts";
export {
  type ByteSource,
  bytesSource,
  type FileMap,
  type FileOrigin,
  type Folder,
  type FolderOptions,
  fileSource,
  openFolder,
  readAll,
  reopen,
} from "./folder.ts";
export { type GpuOptions, gpuAdapter, type OpenGpu, openGpu } from "./gpu.ts";
export { type Hash, sha256, startSha256 } from "./hash.ts";
export { cores, describe, freeMemory, totalMemory } from "./host.ts";
export { isHubName, parseHubName } from "./hub/name.ts";
export type { HubOptions } from "./hub/settings.ts";
export { asObject, type JsonOptions, parseJson } from "./json.ts";
export { type Lines, startLines } from "./lines.ts";
export { type Lock, lockFolder } from "./lock.ts";
export { packageFolder } from "./packageFolder.ts";
export { baseName, joinPath } from "./path.ts";
export { type Line, openLine, serve } from "./requests.ts";
export { isShared, share, sharesMemory } from "./share.ts";
export { spawnWorker, type WorkerHandle, type WorkerPort, workerPort } from "./worker.ts";
export { resolveWorkers } from "./workerCount.ts";
