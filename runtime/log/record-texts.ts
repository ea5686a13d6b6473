/** Records as they came: the bytes of their lines where they came as lines, which need not become strings; else their texts. */

/** Why a line is no text as it came. */
export const INVALID_UTF8 = 'invalid UTF-8';
export const LINE_TOO_LONG = 'line over 1 MiB';

/** A line that is no text as it came (invalid UTF-8, too long), and what is kept of it. */
export interface LineFault {
  readonly reason: string;
  readonly text: string;
}

/** Begins a line that was no text as it came, where it is kept as a text: it could be read as a record. No JSON text begins so. */
const MARK = '\u0000';
/** The same out of a database, which holds no U+0000. Another line may begin so: it is a mark before these reasons alone. */
const KEPT_MARK = '\ufffd';
const REASONS: readonly string[] = [INVALID_UTF8, LINE_TOO_LONG];

/**
 * Lines as places in a block of bytes. The bytes between `starts[row]` and `ends[row]` are valid UTF-8; a line at fault has none there. The
 * buffers belong to who made it, and may be used again for the next lines.
 */
export class RecordLines {
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly length: number;
  /** By row; mostly empty. */
  readonly faults: ReadonlyMap<number, LineFault>;

  constructor(
    bytes: Buffer,
    starts: Int32Array,
    ends: Int32Array,
    length: number,
    faults: ReadonlyMap<number, LineFault>,
  ) {
    this.bytes = bytes;
    this.starts = starts;
    this.ends = ends;
    this.length = length;
    this.faults = faults;
  }

  text(row: number): string {
    const fault = this.faults.size === 0 ? undefined : this.faults.get(row);
    return fault === undefined ? this.bytes.toString('utf8', this.starts[row], this.ends[row]) : fault.text;
  }

  /** Reading it again gives the same fault. */
  markedText(row: number): string {
    const fault = this.faults.get(row);
    return fault === undefined ? this.text(row) : `${MARK}${fault.reason}${MARK}${fault.text}`;
  }

  /** What part of the bytes `count` lines from row `from` on stand in. They follow one another, those at fault aside, which stand nowhere. */
  extent(from: number, count: number): { readonly start: number; readonly end: number } {
    const { starts, ends } = this;
    let start = -1;
    let end = 0;
    for (let row = from; row < from + count; row += 1) {
      if (starts[row] === ends[row]) continue;
      if (start < 0) start = starts[row]!;
      end = ends[row]!;
    }
    return { start: Math.max(0, start), end };
  }

  first(count: number): RecordLines {
    return count === this.length ? this : new RecordLines(this.bytes, this.starts, this.ends, count, this.faults);
  }
}

export type RecordTexts = RecordLines | readonly string[];

/** As strings; lines at fault are marked. */
export function textsOf(records: RecordTexts): readonly string[] {
  if (!(records instanceof RecordLines)) return records;
  return Array.from({ length: records.length }, (_, row) => records.markedText(row));
}

/** Lines of texts, those that are marked as faults. */
export function linesOf(texts: readonly string[]): { lines: string[]; faults: Map<number, string> } {
  const faults = new Map<number, string>();
  const lines = texts.map((record, row) => {
    const reason = markedReason(record);
    if (reason === null) return record;
    faults.set(row, reason);
    return record.slice(reason.length + 2);
  });
  return { lines, faults };
}

function markedReason(record: string): string | null {
  const isKept = record.startsWith(KEPT_MARK);
  if (!isKept && !record.startsWith(MARK)) return null;
  const end = record.indexOf(isKept ? KEPT_MARK : MARK, 1);
  if (end < 0) return null;
  const reason = record.slice(1, end);
  return isKept && !REASONS.includes(reason) ? null : reason;
}
