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
