/** One name for a path into a record. */
export function canonicalPath(path: readonly string[]): string {
  return path.join('.');
}
