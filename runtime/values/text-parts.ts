/**
 * Texts cut into lists, each short enough to be one JSON text: a string of V8 holds 2^29 characters, and many millions of texts are more than that.
 */
const QUOTES = 3;

/** One list at least. `most`: characters of a list; escapes make six of one, and a text that is longer alone stands alone. */
export function textParts(texts: readonly string[], most = 1 << 24): readonly (readonly string[])[] {
  const parts: (readonly string[])[] = [];
  let from = 0;
  let length = 0;
  for (let i = 0; i < texts.length; i++) {
    length += texts[i]!.length + QUOTES;
    if (length <= most || i === from) continue;
    parts.push(texts.slice(from, i));
    from = i;
    length = texts[i]!.length + QUOTES;
  }
  parts.push(texts.slice(from));
  return parts;
}

/** A section each, where texts take several: `name.0`, `name.1` and so on, so that whoever knows of one alone finds none. */
export function setTexts(
  sections: { set(name: string, text: string): unknown },
  name: string,
  texts: readonly string[],
): void {
  if (texts.length === 1) sections.set(name, texts[0]!);
  else for (const [i, text] of texts.entries()) sections.set(`${name}.${i}`, text);
}

/** What stands in the section of that name, or in those that are numbered; none if there is none. */
export function sectionsOf<T>(sections: ReadonlyMap<string, T>, name: string): readonly T[] {
  const only = sections.get(name);
  if (only !== undefined) return [only];
  const found: T[] = [];
  for (let next = sections.get(`${name}.0`); next !== undefined; next = sections.get(`${name}.${found.length}`))
    found.push(next);
  return found;
}
