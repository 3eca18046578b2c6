/** Paths as strings. Windows takes "/" as well as "\", so joining uses "/" everywhere. */

export function joinPath(folder: string, ...names: string[]): string {
  return [folder, ...names].reduce((path, name) => {
    if (path === "") return name;
    return /[/\\]$/.test(path) ? path + name : `${path}/${name}`;
  });
}

/** The last part: "b.csv" of "a/b.csv", "a" of "a/". */
export function baseName(path: string): string {
  const parts = path.split(/[/\\]/).filter((part) => part !== "");
  return parts.at(-1) ?? path;
}

/** What is before the last part; "." where there is nothing. */
export function folderOf(path: string): string {
  const cut = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  if (cut < 0) return ".";
  return cut === 0 ? path[0] : path.slice(0, cut);
}
