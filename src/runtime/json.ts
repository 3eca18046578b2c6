/**
 * JSON files whose errors say where. JSON.parse does not: V8 gives an offset for some errors, JavaScriptCore for none, and
 * none tells of a key that comes twice. So a small scanner of our own (RFC 8259) runs where an error has to be placed or
 * keys have to be unique. Linear in the text; no recursion, so nesting cannot overflow the stack.
 */
import { DataError } from "../errors.ts";

export interface JsonOptions {
  /** What the bytes are, for the error: "safetensors header". Default "JSON". */
  what?: string;
  /** A key that comes twice in one object is an error (RFC 8259 only says that names should be unique). */
  uniqueKeys?: boolean;
}

/** The value in UTF-8 `bytes`; DataError with file, line and column where it cannot be read. */
export function parseJson(bytes: Uint8Array, name: string, options: JsonOptions = {}): unknown {
  const what = options.what ?? "JSON";
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new DataError(`${name}: expected ${what} in UTF-8, got bytes that are not; save it as UTF-8`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const fault = findFault(text, false);
    const where = fault
      ? ` at ${position(text, fault.at)}: ${fault.message}`
      : `: ${(error as Error).message}`;
    throw new DataError(`${name}: unreadable ${what}${where}`);
  }
  if (options.uniqueKeys) {
    const fault = findFault(text, true);
    if (fault) throw new DataError(`${name}: bad ${what} at ${position(text, fault.at)}: ${fault.message}`);
  }
  return value;
}

/** A plain object of a JSON value, or a DataError naming the file. */
export function asObject(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  const got = value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`;
  throw new DataError(`${name}: expected a JSON object, got ${got}`);
}

function position(text: string, at: number): string {
  const before = text.slice(0, at).split("\n");
  return `line ${before.length}, column ${before[before.length - 1].length + 1}`;
}

interface Fault {
  at: number;
  message: string;
}

const PRIMITIVE = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;

/** The first thing wrong in `text`, or null. */
function findFault(text: string, uniqueKeys: boolean): Fault | null {
  // One entry an open bracket: the keys seen in an object, null in an array.
  const open: (Set<string> | null)[] = [];
  // What may come now: a value, a key, a colon, or what follows a value. `first`: right after an opening bracket.
  let expect: "value" | "key" | "colon" | "after" = "value";
  let first = false;
  let at = 0;
  const fault = (message: string): Fault => ({
    at,
    message: at < text.length ? `${message}, got ${JSON.stringify(text[at])}` : `${message}, got the end`,
  });
  for (;;) {
    while (at < text.length && " \t\n\r".includes(text[at])) at++;
    const c = text[at] ?? "";
    const inside = open.at(-1);
    if (expect === "after" && open.length === 0) {
      return at < text.length ? fault("expected nothing more") : null;
    }
    const closes = (expect === "after" || first) && inside !== undefined && c === (inside ? "}" : "]");
    if (closes) {
      open.pop();
      expect = "after";
      at++;
    } else if (expect === "after") {
      if (c !== ",") return fault(`expected "," or "${inside ? "}" : "]"}"`);
      expect = inside ? "key" : "value";
      at++;
    } else if (expect === "colon") {
      if (c !== ":") return fault('expected ":"');
      expect = "value";
      at++;
    } else if (c === '"') {
      const end = endOfString(text, at);
      if (typeof end !== "number") return end;
      if (expect === "key" && uniqueKeys && inside) {
        const key = JSON.parse(text.slice(at, end)) as string;
        if (inside.has(key))
          return { at, message: `the key ${JSON.stringify(key.slice(0, 80))} comes twice` };
        inside.add(key);
      }
      expect = expect === "key" ? "colon" : "after";
      at = end;
    } else if (expect === "key") {
      return fault("expected a key in double quotes");
    } else if (c === "{" || c === "[") {
      open.push(c === "{" ? new Set() : null);
      expect = c === "{" ? "key" : "value";
      first = true;
      at++;
      continue;
    } else {
      PRIMITIVE.lastIndex = at;
      if (!PRIMITIVE.test(text)) return fault("expected a value");
      expect = "after";
      at = PRIMITIVE.lastIndex;
    }
    first = false;
  }
}

/** Index behind the closing quote of the string that opens at `at`. */
function endOfString(text: string, at: number): number | Fault {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '"') return i + 1;
    if (text.charCodeAt(i) < 0x20) return { at: i, message: "a control character in a string" };
    if (text[i] !== "\\") continue;
    i++;
    if (text[i] === "u") {
      if (!/^[\da-fA-F]{4}$/.test(text.slice(i + 1, i + 5)))
        return { at: i, message: "expected \\u and 4 digits" };
      i += 4;
    } else if (!'"\\/bfnrt'.includes(text[i] ?? "x")) {
      return { at: i, message: "an escape that JSON does not know" };
    }
  }
  return { at, message: "a string that does not end" };
}
