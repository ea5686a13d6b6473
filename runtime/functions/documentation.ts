/** docs/functions.md: every function of the registry in its own words. Pure; `scripts/docs-functions.mjs` writes it. */
import { printType, type SqlType } from '../values/types.ts';
import type { AggregateFunction, FunctionDoc, ScalarFunction } from './definition.ts';
import { AGGREGATES, SCALARS } from './index.generated.ts';
import {
  BIGINT,
  BOOLEAN,
  DATE,
  DOUBLE,
  decimal,
  INTEGER,
  REAL,
  SMALLINT,
  TEXT,
  TIMESTAMP,
  TIMESTAMPTZ,
} from './support.ts';

const HEAD = `# Functions

<!-- Written by scripts/docs-functions.mjs from runtime/functions; the examples run as tests in the kernel, DuckDB and Postgres. -->

The functions and aggregates that feature SQL may call. All else is a compile error that names what is near. Each of them has the same value in
every machine: in DuckDB, in Postgres, in the stream and in a lookup. \`AND\`, \`OR\`, \`NOT\`, \`IS NULL\`, \`IN\`, \`BETWEEN\`, \`CASE\`,
\`coalesce\` and \`nullif\` are part of the language and mean what SQL says.

- **Overflow, division by zero and failed casts give NULL**, and are counted (\`--max-expression-errors\`). An argument that is NULL gives NULL
  where nothing else is said.
- *exact*: equal to the last bit or digit, for arguments that are. *within a tolerance*: see [semantics](semantics.md); comparing such a value is
  a warning.
- Instants are within 2^53 microseconds of 1970 (1684 to 2255), dates within the years 1 to 9999; what would be beyond is NULL.
`;

export function renderFunctions(): string {
  const scalars = [...SCALARS].sort(byName).map(scalarSection);
  const aggregates = [...AGGREGATES].sort(byName).map(aggregateSection);
  return [
    HEAD,
    '## Scalar functions and operators\n',
    ...scalars,
    '## Aggregates\n',
    'Over a window of a view, a group, or a frame. `FILTER (WHERE …)` chooses the events. What an aggregate keeps in the stream is one of:\n',
    '- *group*: sums and counts that take an event back when it leaves the window. Constant space.',
    '- *monoid*: what can still become the answer. Up to one entry an event of the window.',
    '- *multiset*: every value in the window, with its count.\n',
    ...aggregates,
  ].join('\n');
}

function byName(a: ScalarFunction | AggregateFunction, b: ScalarFunction | AggregateFunction): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function scalarSection(fn: ScalarFunction): string {
  const notes = [
    fn.strict ? null : 'Sees NULLs itself.',
    fn.maxArgs === Number.POSITIVE_INFINITY ? 'Any number of arguments.' : null,
  ];
  return section(fn.doc, [`Agreement: ${agreementOf(fn)}.`, ...notes.filter((note) => note !== null)]);
}

function aggregateSection(fn: AggregateFunction): string {
  const kept = fn.allowsDistinct
    ? `${fn.algebra(null, false)}; with DISTINCT ${fn.algebra(null, true)}`
    : fn.algebra(null, false);
  return section(fn.doc, [`Agreement: ${agreementOf(fn)}.`, `Keeps: ${kept}.`]);
}

function section(doc: FunctionDoc, notes: readonly string[]): string {
  const calls = doc.calls.map((call) => `\`${call}\``).join(' · ');
  const examples = doc.examples.map(({ sql, value }) => `| ${cell(sql)} | ${cell(value)} |`);
  return [
    `### ${calls}\n`,
    `${capital(doc.summary)}.\n`,
    `Types: ${doc.types}.  `,
    `${notes.join(' ')}\n`,
    ...(doc.details ?? []).flatMap((detail, i, all) => [detail, ...(endsBlock(detail, all[i + 1]) ? [''] : [])]),
    '| example | value |',
    '|---|---|',
    ...examples,
    '',
  ].join('\n');
}

/** Items of a list stand without lines between them. */
function endsBlock(detail: string, next: string | undefined): boolean {
  return !detail.startsWith('- ') || next?.startsWith('- ') !== true;
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** A backtick inside would end the code span; none of our texts has one. */
function cell(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}

const TRIED: readonly SqlType[] = [
  SMALLINT,
  INTEGER,
  BIGINT,
  decimal(12, 2),
  REAL,
  DOUBLE,
  BOOLEAN,
  TEXT,
  DATE,
  TIMESTAMP,
  TIMESTAMPTZ,
];

/** By the classes that calls over every type resolve to. */
function agreementOf(fn: ScalarFunction | AggregateFunction): string {
  const found = new Map<string, Set<string>>([
    ['exact', new Set()],
    ['double', new Set()],
  ]);
  for (const args of argumentsOf(fn)) {
    const resolution =
      fn.kind === 'aggregate'
        ? fn.resolve(args, false)
        : fn.resolve(
            args,
            args.map(() => undefined),
            fn.name === 'cast' ? DOUBLE : null,
          );
    if (resolution.ok) found.get(resolution.agreement)?.add(printType(resolution.result));
  }
  const [exact, tolerant] = [found.get('exact')?.size ?? 0, found.get('double')?.size ?? 0];
  if (tolerant === 0) return 'exact';
  if (exact === 0) return 'within a tolerance';
  return fn.kind === 'aggregate'
    ? 'exact, but of real and double within a tolerance'
    : 'exact, but for some doubles within a tolerance';
}

function argumentsOf(fn: ScalarFunction | AggregateFunction): SqlType[][] {
  const count = fn.kind === 'aggregate' ? fn.arity : fn.minArgs;
  if (count === 0) return [[]];
  if (count === 1) return TRIED.map((type) => [type]);
  return TRIED.flatMap((a) => TRIED.map((b) => [a, b, ...Array.from({ length: count - 2 }, () => b)]));
}
