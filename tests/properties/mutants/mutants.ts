// biome-ignore-all lint/suspicious/noTemplateCurlyInString: pieces of templates, not templates
/** Ways to break the product, each of which the suite must notice: if it does not, it can't be trusted to notice an accident either. */
export interface Mutant {
  readonly name: string;
  /** As it is transpiled; `find` stands in it exactly once. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const advance = 'compiler/backends/stream/advance-text.js';
const read = 'compiler/backends/stream/read-text.js';
const ingest = 'compiler/backends/stream/ingest-text.js';
const store = 'runtime/state/group-store.js';
const machine = 'runtime/state/machine.js';
const results = 'runtime/state/results.js';
const judge = 'runtime/log/judge.js';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'compiler: every bound of a window is closed',
    file: 'compiler/plan/instant-window.js',
    find: "inclusive: solvedOp === '<=' || solvedOp === '>=',",
    replace: 'inclusive: true,',
  },
  {
    name: 'stream: an open lower bound takes the event on it',
    file: advance,
    find: 'return bound.inclusive ? boundAt(bound) : `${boundAt(bound)} + 1`;',
    replace: 'return boundAt(bound);',
  },
  {
    name: 'stream: a closed upper bound loses the event on it',
    file: advance,
    find: 'return bound.inclusive ? boundAt(bound) : `${boundAt(bound)} - 1`;',
    replace: 'return `${boundAt(bound)} - 1`;',
  },
  {
    name: 'stream: what leaves a window stays in its count',
    file: advance,
    find: 'return [`${sums.place(acc.at)}--;`];',
    replace: 'return [];',
  },
  {
    name: 'stream: the deque of max keeps the least',
    file: advance,
    find: "acc.kind === 'max' ? '<=' : '>='",
    replace: "acc.kind === 'max' ? '>=' : '<='",
  },
  {
    name: 'stream: a ROWS frame is one row longer',
    file: advance,
    find: 'Math.max(first, last - 1 - ${jsData(shape.frame.start)})',
    replace: 'Math.max(first, last - 2 - ${jsData(shape.frame.start)})',
  },
  {
    name: 'stream: a RANGE frame leaves out ties',
    file: advance,
    find: 'const hi = rowTime - ${jsData(end)};',
    replace: 'const hi = rowTime - 1 - ${jsData(end)};',
  },
  {
    name: 'stream: lag looks one row too near',
    file: read,
    find: 'r + last - ${1 + slot.offset}',
    replace: 'r + last - ${slot.offset}',
  },
  {
    name: 'stream: the sum of nothing is 0',
    file: read,
    find: 'return `${at(1)} === 0 ? null : ${sum(main, call.type)}`;',
    replace: 'return `${sum(main, call.type)}`;',
  },
  {
    name: 'stream: bool_or of only false is true',
    file: read,
    find: '`${at(0)} === 0 ? null : ${at(1)} > 0`',
    replace: '`${at(0)} === 0 ? null : ${at(1)} >= 0`',
  },
  {
    name: 'stream: NULL arguments are counted',
    file: ingest,
    find: "if (isNull !== 'false')\n            tests.push(`!${isNull}`);",
    replace: '',
  },
  {
    name: 'stream: ties are in order of arrival, not of the key',
    file: store,
    find: 'return order < 0;',
    replace: 'return false;',
  },
  {
    name: 'stream: sums overflow into the next digit',
    file: results,
    find: 'return sum >= -(2n ** 63n) && sum < 2n ** 63n ? sum : null;',
    replace: 'return sum;',
  },
  {
    name: 'replay: exclude takes the events at the instant',
    file: machine,
    find: 'return this.#inOrder(view, entity, tMicros, tMicros - 1, out);\n    }\n    probeInOrderWithout',
    replace: 'return this.#inOrder(view, entity, tMicros, tMicros, out);\n    }\n    probeInOrderWithout',
  },
  {
    name: 'log: an event exactly at the edge of lateness is late',
    file: judge,
    find: 'if (time < lateBefore) {',
    replace: 'if (time <= lateBefore) {',
  },
  {
    name: 'log: a redelivered record is taken again',
    file: judge,
    find: 'if (keys.length > 0 && !this.#isNew(time, keys, row)) {\n                verdicts[row] = DUPLICATE;\n                continue;\n            }\n            accepted[count] = row;\n            count += 1;\n            if (time > newest) {',
    replace: 'accepted[count] = row;\n            count += 1;\n            if (time > newest) {',
  },
  {
    name: 'log: the range ends a microsecond late',
    file: judge,
    find: 'value >= end) && verdicts[row] === ACCEPTED',
    replace: 'value > end) && verdicts[row] === ACCEPTED',
  },
  {
    name: 'log: the settle line has no margin of lateness',
    file: 'runtime/log/partitions.js',
    find: 'const line = least - this.#latenessMicros - SETTLE_MARGIN_MICROS;',
    replace: 'const line = least;',
  },
  {
    name: 'online: a step begins a microsecond late',
    file: 'runtime/stores/row-reader.js',
    find: 'if (at > tMicros) {',
    replace: 'if (at >= tMicros) {',
  },
  {
    name: 'online: a window snapped to the month changes an hour late',
    file: 'runtime/state/bounds.js',
    find: 'return leaveInstant({ trunc, offsetMonths, offsetMicros, inclusive: false }, y);',
    replace: 'return leaveInstant({ trunc, offsetMonths, offsetMicros, inclusive: false }, y) + 3600000000;',
  },
  {
    name: 'SQL: an open lower bound is closed',
    file: 'compiler/backends/sql/bounds.js',
    find: "bound.inclusive ? '>=' : '>'",
    replace: "'>='",
  },
  {
    name: 'SQL: exclude takes the events at the instant',
    file: 'compiler/backends/sql/stages.js',
    find: "strictlyBefore ? '<' : '<='",
    replace: "'<='",
  },
  {
    name: 'SQL: labels among the events count a closed bound as open',
    file: 'compiler/backends/sql/dataset-sql.js',
    find: 'const from = -bound.offsetMicros - (bound.inclusive ? 0 : 1);',
    replace: 'const from = -bound.offsetMicros - 1;',
  },
];
