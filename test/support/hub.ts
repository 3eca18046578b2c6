/**
 * A hub on the loopback: api/models and resolve as huggingface.co answers them, large files behind a redirect to a second server, as
 * there. Written from what the real routes answer, not from anything in src/.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface HubModel {
  /** By revision: the files of a commit. */
  commits: Record<string, Record<string, Uint8Array>>;
  branches: Record<string, string>;
  gated?: boolean;
  /** The only token that may read it. */
  token?: string;
}

export interface Asked {
  server: "hub" | "files";
  method: string;
  path: string;
  range?: string;
  token?: string;
}

export interface LoopbackHub {
  endpoint: string;
  asked: Asked[];
  models: Record<string, HubModel>;
  /** Files whose body breaks off after so many bytes, so often; answers of this status to all. */
  fault: {
    truncate?: { file: string; after: number; times: number };
    status?: number;
    spoil?: string;
    garble?: boolean;
  };
  close(): Promise<void>;
}

export const commitOf = (text: string) => createHash("sha1").update(text).digest("hex");
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const blobId = (bytes: Uint8Array) =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

/** Files of these endings are "large": kept elsewhere, with their SHA-256 for a tag. */
const isLarge = (file: string) => /\.(safetensors|gguf)$/.test(file);

export async function loopbackHub(models: Record<string, HubModel>): Promise<LoopbackHub> {
  const asked: Asked[] = [];
  const fault: LoopbackHub["fault"] = {};
  let filesAt = "";

  const note = (server: Asked["server"], request: IncomingMessage) => {
    const { range, authorization } = request.headers;
    asked.push({
      server,
      method: request.method ?? "",
      path: decodeURIComponent(request.url ?? ""),
      ...(range && { range }),
      ...(authorization && { token: authorization }),
    });
  };
  const refuse = (response: ServerResponse, status: number, code: string) => {
    response.writeHead(status, { "x-error-code": code, "content-type": "application/json", ...cors });
    response.end(JSON.stringify({ error: code }));
  };
  const send = (
    request: IncomingMessage,
    response: ServerResponse,
    file: string,
    bytes: Uint8Array,
    etag: string,
  ) => {
    const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    const start = match ? Number(match[1]) : 0;
    const end = match?.[2] ? Number(match[2]) + 1 : bytes.length;
    const body = Buffer.from(bytes.subarray(start, end));
    if (fault.spoil === file) body[body.length - 1] ^= 1;
    response.writeHead(match ? 206 : 200, {
      etag: `"${etag}"`,
      "content-length": body.length,
      "accept-ranges": "bytes",
      ...(match && { "content-range": `bytes ${start}-${end - 1}/${bytes.length}` }),
      ...cors,
    });
    const { truncate } = fault;
    const cut = truncate?.file === file && truncate.times > 0 && body.length > truncate.after;
    if (!cut) return response.end(body);
    truncate.times--;
    response.write(body.subarray(0, truncate.after), () => response.destroy());
  };

  const files = createServer((request, response) => {
    if (preflight(request, response)) return;
    note("files", request);
    const [, digest] = (request.url ?? "").split("/");
    for (const { commits } of Object.values(models)) {
      for (const tree of Object.values(commits)) {
        for (const [file, bytes] of Object.entries(tree)) {
          // The file server's own tag says nothing of the content.
          if (isLarge(file) && sha256(bytes) === digest)
            return send(request, response, file, bytes, "storage-tag");
        }
      }
    }
    refuse(response, 404, "NoSuchKey");
  });

  const hub = createServer((request, response) => {
    if (preflight(request, response)) return;
    note("hub", request);
    if (fault.status) return refuse(response, fault.status, "Fault");
    const path = decodeURIComponent(new URL(request.url ?? "", "http://hub").pathname);
    const api = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/(.+)$/.exec(path);
    const resolve = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path);
    const [, repo = "", revision = "", file = ""] = api ?? resolve ?? [];
    const model = models[repo];
    const signed = request.headers.authorization;
    if (!model) return refuse(response, signed ? 404 : 401, "RepoNotFound");
    if (model.token && signed !== `Bearer ${model.token}`) {
      return refuse(response, signed ? 403 : 401, model.gated ? "GatedRepo" : "RepoNotFound");
    }
    const commit = model.branches[revision] ?? revision;
    const tree = model.commits[commit];
    if (!tree) return refuse(response, 404, "RevisionNotFound");
    if (api) {
      response.writeHead(200, { "content-type": "application/json", ...cors });
      if (fault.garble) return response.end("<html>");
      const siblings = Object.keys(tree).map((rfilename) => ({ rfilename }));
      return response.end(
        JSON.stringify({ _id: "1", id: repo, sha: commit, siblings, lastModified: "2026-01-01" }),
      );
    }
    const bytes = tree[file];
    if (!bytes) return refuse(response, 404, "EntryNotFound");
    if (!isLarge(file)) return send(request, response, file, bytes, blobId(bytes));
    response.writeHead(302, {
      location: `${filesAt}/${sha256(bytes)}`,
      "x-linked-etag": `"${sha256(bytes)}"`,
      "x-linked-size": bytes.length,
      "x-repo-commit": commit,
      ...cors,
    });
    response.end();
  });

  const [endpoint, elsewhere] = await Promise.all([listen(hub), listen(files)]);
  filesAt = elsewhere;
  return {
    endpoint,
    asked,
    models,
    fault,
    async close() {
      for (const server of [hub, files]) {
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
      }
    },
  };
}

/** Pages of any origin may read it, as with the real one. */
const cors = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers":
    "X-Error-Code, X-Linked-Size, X-Linked-ETag, ETag, Content-Range, Content-Length",
};

function preflight(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method !== "OPTIONS") return false;
  response.writeHead(204, {
    ...cors,
    "access-control-allow-headers": "*",
    "access-control-allow-methods": "*",
  });
  response.end();
  return true;
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
