/** Who may import whom, as ARCHITECTURE.md draws it. A door that is not listed does not exist. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const leaves = ["errors", "progress", "random"];
const doors: Record<string, string[]> = {
  numerics: ["runtime"],
  text: ["runtime"],
  runtime: [],
  checkpoint: ["numerics", "runtime"],
  theory: ["numerics"],
  model: ["numerics", "checkpoint", "text", "runtime"],
  ntk: ["numerics", "model", "text", "runtime"],
  finetune: ["numerics", "checkpoint", "model", "text", "runtime"],
  study: ["numerics", "text", "checkpoint", "model", "ntk", "theory", "finetune", "runtime"],
  report: ["study"],
  cli: ["study", "report", "runtime", "text", "model", "ntk", "numerics", "theory"],
};

const root = join(import.meta.dirname, "..", "src");
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".ts"));
const roomOf = (file: string) => (file.includes("/") ? file.split("/")[0] : file.replace(/\.ts$/, ""));

/** [importing file, imported room] for every relative import; types count as well. */
function imports(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/(?:from|import\(|import)\s*["'](\.[^"']+)["']/g)].map(([, target]) =>
    roomOf(relative(root, join(root, file, "..", target))),
  );
}

describe("borders", () => {
  for (const room of Object.keys(doors)) {
    it(`${room} imports only ${doors[room].join(", ") || "itself"}`, () => {
      const allowed = new Set([room, ...doors[room], ...leaves]);
      const strangers = files
        .filter((file) => roomOf(file) === room)
        .flatMap((file) =>
          imports(file)
            .filter((target) => !target.startsWith("..") && !allowed.has(target))
            .map((target) => `${file} → ${target}`),
        );
      expect(strangers).toEqual([]);
    });
  }

  it("lets numerics/ into runtime/ for threads only", () => {
    const through = files.filter((file) => roomOf(file) === "numerics" && imports(file).includes("runtime"));
    expect(through.filter((file) => !file.startsWith("numerics/parallel/"))).toEqual([]);
  });

  it("knows every room", () => {
    const rooms = new Set(files.filter((f) => f.includes("/")).map(roomOf));
    expect([...rooms].filter((room) => !doors[room])).toEqual([]);
  });

  it("names a platform only in runtime/", () => {
    const named = files.filter((file) => {
      if (roomOf(file) === "runtime" || roomOf(file) === "cli") return false;
      return /["']node:|\bDeno\.|\bBun\.|\bprocess\./.test(readFileSync(join(root, file), "utf8"));
    });
    expect(named).toEqual([]);
  });
});
