/** ../shared/reference/linalg: matrices with eigenvalues in high precision. Absent outside the workshop: say so and skip. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../../../shared/reference/linalg");

export const hasLinalg = existsSync(folder);
if (!hasLinalg) console.warn("../shared/reference/linalg is missing: its cases are skipped");

export interface SymmetricCase {
  name: string;
  file: string;
  eigenvalues: string;
  n: number;
  norm2: number;
  tolerance: number;
}

export function symmetricCases(): SymmetricCase[] {
  if (!hasLinalg) return [];
  return JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")).symmetric;
}

/** Numbers of a float64 .npy file. */
export function readLinalg(name: string): Float64Array {
  const bytes = readFileSync(join(folder, name));
  const start = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString("latin1", 10, start);
  if (!header.includes("'<f8'") || !header.includes("'fortran_order': False")) {
    throw new Error(`${name}: expected float64 in C order, got ${header}`);
  }
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length));
}
