/**
 * A parser for the markup the report writes: XML (SVG) strictly, HTML in the part of it that is XML but for void elements, raw text
 * and valueless attributes. Throws where a browser would have to guess.
 */
export interface Node {
  name: string;
  attributes: Map<string, string>;
  children: (Node | string)[];
}

const VOID = new Set(["meta", "link", "br", "hr", "img", "input"]);
const RAW = new Set(["script", "style"]);
const named: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

function plain(text: string): string {
  if (text.includes("<")) throw new Error(`a bare < in ${JSON.stringify(text.slice(0, 80))}`);
  return text.replace(/&([^;\s]*);?/g, (entity, name: string) => {
    if (!entity.endsWith(";") || !Object.hasOwn(named, name)) throw new Error(`not an entity: ${entity}`);
    return named[name];
  });
}

function attributesOf(text: string): Map<string, string> {
  const attributes = new Map<string, string>();
  const rest = text.replace(/\s+([A-Za-z][\w:-]*)="([^"]*)"/g, (_, name: string, value: string) => {
    if (attributes.has(name)) throw new Error(`${name} twice in <${text}>`);
    attributes.set(name, plain(value));
    return "";
  });
  if (rest.trim() !== "") throw new Error(`not an attribute: ${rest}`);
  return attributes;
}

/** The root element of `source`; `html` allows a doctype before it. */
export function parseMarkup(source: string, { html = false } = {}): Node {
  const root: Node = { name: "", attributes: new Map(), children: [] };
  const open = [root];
  let at = 0;
  const text = html ? source.replace(/^<!doctype html>\n/, "") : source;
  while (at < text.length) {
    const parent = open[open.length - 1];
    const from = text.indexOf("<", at);
    const between = text.slice(at, from < 0 ? text.length : from);
    if (between !== "") parent.children.push(plain(between));
    if (from < 0) break;
    const tag = /^<(\/?)([A-Za-z][\w-]*)((?:\s+[A-Za-z][\w:-]*="[^"]*")*)\s*(\/?)>/.exec(text.slice(from));
    if (!tag) throw new Error(`not a tag: ${text.slice(from, from + 80)}`);
    const [whole, closing, name, attributes, alone] = tag;
    at = from + whole.length;
    if (closing) {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes <${parent.name}>`);
      continue;
    }
    const node: Node = { name, attributes: attributesOf(attributes), children: [] };
    parent.children.push(node);
    if (alone || (html && VOID.has(name))) continue;
    if (html && RAW.has(name)) {
      const end = text.indexOf(`</${name}`, at);
      if (end < 0) throw new Error(`<${name}> is not closed`);
      node.children.push(text.slice(at, end));
      at = end;
    }
    open.push(node);
  }
  if (open.length > 1) throw new Error(`<${open[open.length - 1].name}> is not closed`);
  const elements = root.children.filter((child) => typeof child !== "string");
  if (elements.length !== 1) throw new Error(`${elements.length} root elements`);
  return elements[0];
}

/** The node and all below it. */
export function all(node: Node, name?: string): Node[] {
  const below = node.children.flatMap((child) => (typeof child === "string" ? [] : all(child, name)));
  return name === undefined || node.name === name ? [node, ...below] : below;
}

/** What is read: the text of a node, without scripts and styles, white space as a browser shows it. */
export function textOf(node: Node): string {
  const read = (n: Node): string =>
    RAW.has(n.name)
      ? ""
      : n.children.map((child) => (typeof child === "string" ? child : read(child))).join("");
  return read(node).replace(/\s+/g, " ").trim();
}
