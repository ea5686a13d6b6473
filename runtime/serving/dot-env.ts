/**
 * Variables of a `.env` file, as other readers of such files take them: `NAME=value` lines, `export` allowed; a value in quotes is what stands
 * between them, and one without ends before a blank and `#`. Other lines are left out.
 */
export function parseDotEnv(text: string): Record<string, string> {
  const out: Record<string, string> = Object.create(null);
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/.exec(line);
    if (match !== null) out[match[1] as string] = valueIn(match[2] as string);
  }
  return out;
}

function valueIn(text: string): string {
  const quoted = /^(['"])(.*?)\1\s*(?:#.*)?$/.exec(text);
  return quoted === null ? text.replace(/(?:^|\s)#.*$/, '').trim() : (quoted[2] as string);
}
