/** Slips of the hand that a reader meets as an unexpected token: what was meant, as an edit. */
import type { Help, Span } from '../diagnostics/diagnostic.ts';
import { replaceHelp } from '../diagnostics/fault.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { isNameWord } from './keywords.ts';
import type { Token } from './lexer.ts';

const CLAUSE_WORDS = [
  'from',
  'where',
  'group',
  'having',
  'window',
  'order',
  'join',
  'select',
  'partition',
  'between',
  'preceding',
  'current',
];
const GLUED: ReadonlyMap<string, string> = new Map([
  ['groupby', 'GROUP BY'],
  ['orderby', 'ORDER BY'],
  ['partitionby', 'PARTITION BY'],
]);
const OPERATORS: ReadonlyMap<string, string> = new Map([
  ['=<', '<='],
  ['=>', '>='],
  ['==', '='],
  ['===', '='],
  ['!==', '<>'],
  ['><', '<>'],
  ['=!', '<>'],
]);

const ROWS_RANGE = "write `RANGE BETWEEN INTERVAL '1 day' PRECEDING AND CURRENT ROW`, with the length of the window";

/** For an operator that SQL spells otherwise, or null. */
export function slipOfOperator(op: string, span: Span): Help | null {
  const meant = OPERATORS.get(op);
  return meant === undefined ? null : replaceHelp(`write \`${meant}\``, span, meant);
}

/** The token at `index` stands where `wanted` does not allow it. */
export function slipAt(tokens: readonly Token[], index: number, wanted: string): Help | null {
  const token = tokens[index];
  const previous = tokens[index - 1];
  if (token === undefined) return null;
  const ofToken = slipOfWord(token, tokens[index + 1] ?? token);
  if (ofToken !== null) return ofToken;
  // A misspelt clause is read as the alias of what stands before it.
  const ofPrevious = previous === undefined ? null : slipOfWord(previous, token);
  if (ofPrevious !== null) return ofPrevious;
  return wanted.includes('`,`') ? missingComma(tokens, index) : null;
}

/** Before a name, or before the name of a call that was read as an alias. */
function missingComma(tokens: readonly Token[], index: number): Help | null {
  const token = tokens[index];
  const isCall = token?.kind === 'punctuation' && token.text === '(' && tokens[index - 1]?.kind === 'word';
  const isName = (token?.kind === 'word' && beginsItem(token.text)) || token?.kind === 'quoted';
  const before = tokens[isCall ? index - 2 : index - 1];
  if (before === undefined || (!isCall && !isName)) return null;
  const edits = [{ span: { start: before.end, end: before.end }, newText: ',' }];
  return { text: 'a comma may be missing', applicability: 'review', edits };
}

/** Keywords that begin an expression. */
const OPERAND_WORDS: ReadonlySet<string> = new Set(['case', 'cast', 'exists', 'false', 'not', 'null', 'true']);
/** Names elsewhere, which go on with the call before them. */
const CALL_SUFFIXES: ReadonlySet<string> = new Set(['filter', 'over', 'within', 'respect', 'ignore']);

function beginsItem(word: string): boolean {
  return (isNameWord(word) && !CALL_SUFFIXES.has(word)) || OPERAND_WORDS.has(word);
}

function slipOfWord(token: Token, next: Token): Help | null {
  if (token.kind !== 'word') return null;
  const span = { start: token.start, end: token.end };
  const glued = GLUED.get(token.text);
  if (glued !== undefined) return replaceHelp(`write \`${glued}\``, span, glued);
  if (token.text === 'rows_range') return replaceHelp(ROWS_RANGE, span, 'RANGE');
  if (token.text === 'group' || token.text === 'order' || token.text === 'partition') {
    const words = `${token.text.toUpperCase()} BY`;
    return next.text === 'by' ? null : replaceHelp(`write \`${words}\``, span, words);
  }
  const meant = token.text.length < 4 || CLAUSE_WORDS.includes(token.text) ? null : suggest(token.text, CLAUSE_WORDS);
  return meant === null ? null : replaceHelp(`write \`${meant.toUpperCase()}\``, span, meant.toUpperCase());
}
