/** Text functions. Positions and lengths count code points; upper and lower change ASCII letters only (design.md section 4). */
import { codePointLength } from '../values/text.ts';
import type { SqlType, Value } from '../values/types.ts';
import type { Resolution, ScalarFunction, SqlForm } from './definition.ts';
import { arg, BIGINT, BOOLEAN, INTEGER, never, noSuch, rejected, resolved, TEXT } from './support.ts';

interface TextFunction {
  readonly name: string;
  readonly spellings: readonly string[];
  readonly args: readonly SqlType[];
  readonly optional?: number;
  readonly result: SqlType;
  readonly duckdb: SqlForm;
  readonly postgres: SqlForm;
  readonly js: (args: readonly string[]) => string;
  readonly kernels: ScalarFunction['kernels'];
  readonly summary: string;
  readonly calls: readonly string[];
  readonly types: string;
  readonly example: { readonly sql: string; readonly value: string };
}

function textFunction(spec: TextFunction): ScalarFunction {
  return {
    kind: 'scalar',
    name: spec.name,
    spellings: spec.spellings.map((fn) => ({ fn })),
    minArgs: spec.args.length - (spec.optional ?? 0),
    maxArgs: spec.args.length,
    resolve: (args) => resolveText(spec, args),
    strict: true,
    canFail: never,
    semantics: 1,
    sql: { duckdb: spec.duckdb, postgres: spec.postgres },
    js: spec.js,
    kernels: spec.kernels,
    domain: spec.args.map((type) => (type.kind === 'text' ? ['text'] : ['smallint', 'integer'])),
    doc: { summary: spec.summary, calls: spec.calls, types: spec.types, examples: [spec.example] },
  };
}

function resolveText(spec: TextFunction, args: readonly SqlType[]): Resolution {
  const fits = args.every((type, i) => type.kind === 'unknown' || type.kind === spec.args[i]?.kind);
  return fits
    ? resolved(spec.args.slice(0, args.length), spec.result)
    : noSuch(spec.name, args, spec.args.map((type) => type.kind).join(', '));
}

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const same = (form: (args: readonly string[]) => string): { duckdb: SqlForm; postgres: SqlForm } => ({
  duckdb: form,
  postgres: form,
});

function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32));
}
function asciiUpper(text: string): string {
  return text.replace(/[a-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32));
}

export const lower: ScalarFunction = textFunction({
  name: 'lower',
  spellings: ['lower'],
  args: [TEXT],
  result: TEXT,
  ...same((a) => `translate(${arg(a, 0)}, '${UPPER}', '${LOWER}')`),
  js: (a) => `k.asciiLower(${arg(a, 0)})`,
  kernels: { asciiLower },
  summary: 'ASCII letters in lower case, all else as it is',
  calls: ['lower(x)'],
  types: 'text gives text',
  example: { sql: "lower('AbÉ')", value: 'abÉ' },
});
export const upper: ScalarFunction = textFunction({
  name: 'upper',
  spellings: ['upper'],
  args: [TEXT],
  result: TEXT,
  ...same((a) => `translate(${arg(a, 0)}, '${LOWER}', '${UPPER}')`),
  js: (a) => `k.asciiUpper(${arg(a, 0)})`,
  kernels: { asciiUpper },
  summary: 'ASCII letters in upper case, all else as it is',
  calls: ['upper(x)'],
  types: 'text gives text',
  example: { sql: "upper('abé')", value: 'ABé' },
});
export const length: ScalarFunction = textFunction({
  name: 'length',
  spellings: ['length', 'char_length', 'character_length'],
  args: [TEXT],
  result: BIGINT,
  ...same((a) => `CAST(length(${arg(a, 0)}) AS bigint)`),
  js: (a) => `k.codePointLength(${arg(a, 0)})`,
  kernels: { codePointLength },
  summary: 'number of code points',
  calls: ['length(x)', 'char_length(x)', 'character_length(x)'],
  types: 'text gives a bigint',
  example: { sql: "length('hé😀')", value: '3' },
});

function trimBlanks(text: string): string {
  return text.replace(/^ +/, '').replace(/ +$/, '');
}
export const trim: ScalarFunction = textFunction({
  name: 'trim',
  spellings: ['trim'],
  args: [TEXT],
  result: TEXT,
  // DuckDB's own trim takes other spaces of Unicode too.
  ...same((a) => `trim(${arg(a, 0)}, ' ')`),
  js: (a) => `k.trimBlanks(${arg(a, 0)})`,
  kernels: { trimBlanks },
  summary: 'without blanks at both ends',
  calls: ['trim(x)'],
  types: 'text gives text',
  example: { sql: "trim('  a b ')", value: 'a b' },
});

function replaceAll(text: string, from: string, to: string): string {
  return from === '' ? text : text.replaceAll(from, () => to);
}
export const replace: ScalarFunction = textFunction({
  name: 'replace',
  spellings: ['replace'],
  args: [TEXT, TEXT, TEXT],
  result: TEXT,
  ...same((a) => `replace(${a.join(', ')})`),
  js: (a) => `k.replaceAll(${a.join(', ')})`,
  kernels: { replaceAll },
  summary: 'every occurrence of the second argument replaced by the third',
  calls: ['replace(x, from, to)'],
  types: 'three texts give text',
  example: { sql: "replace('aXa', 'a', 'bb')", value: 'bbXbb' },
});
export const startsWith: ScalarFunction = textFunction({
  name: 'starts_with',
  spellings: ['starts_with'],
  args: [TEXT, TEXT],
  result: BOOLEAN,
  ...same((a) => `starts_with(${a.join(', ')})`),
  js: (a) => `${arg(a, 0)}.startsWith(${arg(a, 1)})`,
  kernels: {},
  summary: 'whether the text begins with the second argument',
  calls: ['starts_with(x, y)'],
  types: 'two texts give a boolean',
  example: { sql: "starts_with('abc', 'ab')", value: 'true' },
});

/** start >= 1 (checked at compile time for constants, here by giving NULL for the rest: the databases differ below 1). */
function substring(text: string, start: number, count: number | null): Value {
  if (start < 1 || (count !== null && count < 0)) return null;
  if (count === 0) return '';
  const points = /[\ud800-\udbff]/.test(text) ? Array.from(text) : null;
  const end = count === null ? undefined : start - 1 + count;
  return points === null ? text.slice(start - 1, end) : points.slice(start - 1, end).join('');
}
export const substr: ScalarFunction = {
  ...textFunction({
    name: 'substr',
    spellings: ['substr', 'substring'],
    args: [TEXT, INTEGER, INTEGER],
    optional: 1,
    result: TEXT,
    ...same((a) =>
      a.length === 3
        ? `(CASE WHEN ${arg(a, 1)} >= 1 AND ${arg(a, 2)} >= 0 THEN substr(${a.join(', ')}) END)`
        : `(CASE WHEN ${arg(a, 1)} >= 1 THEN substr(${a.join(', ')}) END)`,
    ),
    js: (a) => `k.substring(${arg(a, 0)}, ${arg(a, 1)}, ${a.length === 3 ? arg(a, 2) : 'null'})`,
    kernels: { substring },
    summary: 'part of the text from a position (first is 1), of a length',
    calls: ['substr(x, start)', 'substr(x, start, length)', 'substring(x, start, length)'],
    types: 'text and integers give text',
    example: { sql: "substr('hello', 2, 3)", value: 'ell' },
  }),
  canFail: () => true,
  resolve: (args, constants) => {
    const [, start, count] = constants;
    const isStartBelow = typeof start === 'number' && start < 1;
    if (isStartBelow || (typeof count === 'number' && count < 0)) {
      return rejected(
        'substr counts from below 1',
        'DuckDB counts from the end there, Postgres from before the text',
        'start at 1 or later, with a length of 0 or more',
        'FSC3012',
        isStartBelow ? 1 : 2,
      );
    }
    const fits =
      args[0]?.kind === 'text' && args.slice(1).every((type) => type.kind === 'smallint' || type.kind === 'integer');
    return fits
      ? resolved([TEXT, INTEGER, INTEGER].slice(0, args.length), TEXT)
      : noSuch('substr', args, 'text, integer, integer');
  },
};

/** `||`: text with text; other exact types are cast by the binder's help. */
export const concat: ScalarFunction = {
  kind: 'scalar',
  name: 'concat_op',
  spellings: [{ op: '||', arity: 2 }],
  minArgs: 2,
  maxArgs: 2,
  resolve: (args) =>
    args.every((type) => type.kind === 'text' || type.kind === 'unknown')
      ? resolved([TEXT, TEXT], TEXT)
      : rejected(
          '`||` joins text only',
          'numbers and instants print differently in the databases',
          'cast the operand: `CAST(x AS text)`',
        ),
  strict: true,
  canFail: never,
  semantics: 1,
  sql: { duckdb: (a) => `(${arg(a, 0)} || ${arg(a, 1)})`, postgres: (a) => `(${arg(a, 0)} || ${arg(a, 1)})` },
  js: (a) => `(${arg(a, 0)} + ${arg(a, 1)})`,
  kernels: {},
  domain: [['text'], ['text']],
  doc: {
    summary: 'two texts joined; NULL if one is',
    calls: ['a || b'],
    types: 'two texts give text',
    examples: [{ sql: "'a' || 'b'", value: 'ab' }],
  },
};

const LIKE_PATTERNS = new Map<string, RegExp>();

function likeMatch(text: string, pattern: string): boolean {
  let regex = LIKE_PATTERNS.get(pattern);
  if (regex === undefined) {
    if (LIKE_PATTERNS.size > 1000) LIKE_PATTERNS.clear();
    const source = Array.from(pattern, (c) =>
      c === '%' ? '[^]*' : c === '_' ? '[^]' : c.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'),
    ).join('');
    regex = new RegExp(`^${source}$`, 'u');
    LIKE_PATTERNS.set(pattern, regex);
  }
  return regex.test(text);
}

/**
 * DuckDB 1.5 raises where the text before a pattern's first % or _ ends in a byte whose successor stands in no text (duckdb/duckdb#23559), such as
 * that of п, ο and タ. It leaves LIKE with an escape character alone, even with none, and takes longer for it.
 */
function likeInDuckDb(text: string, pattern: string): string {
  const start = /^'([^%_]+)[%_]/.exec(pattern)?.[1] ?? '';
  const last = Buffer.from(start).at(-1);
  return `(${text} LIKE ${pattern}${last === 0x7f || last === 0xbf ? " ESCAPE ''" : ''})`;
}

/** LIKE with a constant pattern without backslashes (their meaning differs). */
export const like: ScalarFunction = {
  kind: 'scalar',
  name: 'like',
  spellings: [{ op: 'like', arity: 2 }],
  minArgs: 2,
  maxArgs: 2,
  resolve: (args, constants) => {
    if (!args.every((type) => type.kind === 'text' || type.kind === 'unknown'))
      return noSuch('LIKE', args, 'text and a pattern');
    const pattern = constants[1];
    if (pattern === undefined)
      return rejected(
        'the pattern of LIKE is no constant',
        'a backslash in it would mean different things in the databases',
        'write the pattern as a literal, or use starts_with(x, y)',
        'FSC3013',
        1,
      );
    if (typeof pattern === 'string' && pattern.includes('\\')) {
      return rejected(
        'the pattern of LIKE holds a backslash',
        'it escapes in Postgres and is a character in DuckDB',
        'use starts_with, substr or `=` for texts with % or _',
        'FSC3013',
        1,
      );
    }
    return resolved([TEXT, TEXT], BOOLEAN);
  },
  strict: true,
  canFail: never,
  semantics: 1,
  sql: { duckdb: (a) => likeInDuckDb(arg(a, 0), arg(a, 1)), postgres: (a) => `(${arg(a, 0)} LIKE ${arg(a, 1)})` },
  js: (a) => `k.likeMatch(${arg(a, 0)}, ${arg(a, 1)})`,
  kernels: { likeMatch },
  domain: [['text'], ['text']],
  doc: {
    summary: 'pattern match: % any text, _ one character',
    calls: ["x LIKE 'pattern'", "x NOT LIKE 'pattern'"],
    types: 'text and a literal without backslash give a boolean',
    examples: [{ sql: "'abc' LIKE 'a_%'", value: 'true' }],
  },
};
