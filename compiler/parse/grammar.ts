import type { Query } from './ast.ts';
import type { Cursor } from './cursor.ts';

/** What the reading functions share. `readQuery` stands here because expressions and queries contain each other. */
export interface Grammar {
  readonly cursor: Cursor;
  readonly readQuery: (grammar: Grammar) => Query;
  /** Height of the tallest expression read since it was set to 0; see `readLevel`. */
  height: number;
}
