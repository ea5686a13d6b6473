/** Whatever ends a line for some reader of JavaScript, and control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const LINE_BREAKS = /\r\n|[\n\r\u2028\u2029\u0085\u000b\u000c]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/g;

/** A JSDoc block of paragraphs, or nothing. The text cannot end the comment nor begin a tag. */
export function docComment(indent: string, paragraphs: readonly (string | null)[]): string {
  const lines = paragraphs.flatMap((paragraph) =>
    paragraph === null ? [] : paragraph.split(LINE_BREAKS).map(docLine),
  );
  const said = lines.filter((line) => line !== '');
  if (said.length === 0) return '';
  if (said.length === 1) return `${indent}/** ${said[0]} */\n`;
  return `${indent}/**\n${said.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}

function docLine(text: string): string {
  const line = text.replace(CONTROLS, ' ').trim().replaceAll('*/', '*\\/').replace(/@/g, '\\@');
  // `*` before the closing `*/` would be `**/`, which is fine; a line that ends in `*` is not, if a `/` follows it.
  return line.endsWith('*') ? `${line} ` : line;
}
