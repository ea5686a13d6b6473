/** How text looks in a terminal: what a caret must stand under. */
const TAB = 4;

export interface Cell {
  /** What is printed for this character. */
  readonly text: string;
  readonly width: number;
  /** UTF-16 offset in the line. */
  readonly offset: number;
}

/** A line as cells; tabs become blanks up to the next multiple of four, control characters become a replacement. */
export function cellsOf(line: string): readonly Cell[] {
  const cells: Cell[] = [];
  let column = 0;
  let offset = 0;
  for (const char of line) {
    const cell = char === '\t' ? { text: ' '.repeat(TAB - (column % TAB)), width: TAB - (column % TAB) } : shown(char);
    cells.push({ ...cell, offset });
    column += cell.width;
    offset += char.length;
  }
  return cells;
}

function shown(char: string): { text: string; width: number } {
  const code = char.codePointAt(0)!;
  // Controls, line separators, and characters that turn the direction of writing would make the printed line lie.
  if (code < 32 || (code >= 0x7f && code < 0xa0) || isTrick(code)) return { text: '\ufffd', width: 1 };
  if (/^\p{M}$/u.test(char) || code === 0x200d) return { text: char, width: 0 };
  return { text: char, width: isWide(code) ? 2 : 1 };
}

function isTrick(code: number): boolean {
  return (
    code === 0x2028 ||
    code === 0x2029 ||
    (code >= 0x202a && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069) ||
    code === 0xfeff ||
    (code >= 0xd800 && code <= 0xdfff)
  );
}

/** East Asian wide and fullwidth, and emoji (Unicode TR 11, in blocks). */
function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf && code !== 0x303f) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  );
}

/** Any text on one line, safe to print. */
export function printableLine(text: string): string {
  return cellsOf(text)
    .map((cell) => cell.text)
    .join('');
}
