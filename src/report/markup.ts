/**
 * Text → HTML and SVG that cannot be broken by what it says. `markup` is a template tag: what is written in the source
 * goes in as it is, what is put into it is escaped, unless it is Markup already. Class and file names come from users.
 */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

export type Piece = Markup | string | number | null | false | readonly Piece[];

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Without what would hurt a reader: control characters (a terminal obeys them, XML forbids them), marks that turn the
 * direction of the text around them, halves of surrogate pairs. Each becomes U+FFFD; line breaks and tabs become a space.
 */
export function clean(text: string): string {
  return text
    .replace(/[\t\r\n\u2028\u2029]+/g, " ")
    .replace(/[\p{Cc}\p{Surrogate}\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu, "\ufffd");
}

function put(piece: Piece): string {
  if (piece === null || piece === false) return "";
  if (piece instanceof Markup) return piece.text;
  if (typeof piece === "object") return piece.map(put).join("");
  return clean(String(piece)).replace(/[&<>"']/g, (c) => entities[c]);
}

export function markup(strings: TemplateStringsArray, ...pieces: Piece[]): Markup {
  return new Markup(strings.reduce((text, string, i) => text + put(pieces[i - 1]) + string));
}

/** A value as JSON that may stand inside a script element: no "<", so neither "</script" nor "<!--" can occur. */
export function jsonBlock(value: unknown): Markup {
  return new Markup(
    JSON.stringify(value).replace(
      /[<\u2028\u2029]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ),
  );
}
