/** What is read from bytes against what JSON.parse and the rules of runtime/values make of the same lines. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LineFault, RecordLines } from '../../runtime/log/record-texts.ts';
import { ByteInterner } from '../../runtime/sources/byte-interner.ts';
import { type DecodedLines, JsonLineDecoder } from '../../runtime/sources/jsonl.ts';
import { PlainJsonReader } from '../../runtime/sources/plain-json.ts';
import { fieldsOf, RecordColumns, valueAt } from '../../runtime/sources/record-columns.ts';
import type { SourceSpec } from '../../runtime/values/manifest.ts';
import type { SqlType } from '../../runtime/values/types.ts';
import { column, sourceSpec } from './helpers.ts';

const TEXT: SqlType = { kind: 'text', maxLength: null };
const spec: SourceSpec = sourceSpec({
  columns: [
    column('ts', { kind: 'timestamp' }, { nullable: false }),
    column('big', { kind: 'bigint' }),
    column('int', { kind: 'integer' }),
    column('small', { kind: 'smallint' }, { nullable: false }),
    column('dec', { kind: 'decimal', precision: 12, scale: 2 }),
    column('wide', { kind: 'decimal', precision: 38, scale: 10 }),
    column('fine', { kind: 'decimal', precision: 30, scale: 20 }),
    column('dbl', { kind: 'double' }),
    column('real', { kind: 'real' }),
    column('flag', { kind: 'boolean' }),
    column('day', { kind: 'date' }),
    column('zoned', { kind: 'timestamptz' }),
    column('text', TEXT),
    column('short', { kind: 'text', maxLength: 4 }),
    column('naïve €', TEXT),
    column('default', { kind: 'integer' }, { hasDefault: true, defaultValue: 7 }),
    column('epoch', { kind: 'timestamp' }, { epochUnit: 'epoch_ms' }),
    column('constructor', TEXT),
    column('__proto__', TEXT),
  ],
  onlyPaths: [['loose']],
});
const fields = fieldsOf(spec, [2]);

/** Lines as a splitter gives them; those named in `faults` are no text. */
function linesOf(texts: readonly string[], faults: ReadonlyMap<number, LineFault> = new Map()): RecordLines {
  const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
  const starts = new Int32Array(texts.length);
  const ends = new Int32Array(texts.length);
  let at = 0;
  texts.forEach((text, row) => {
    starts[row] = at;
    ends[row] = at + Buffer.byteLength(text);
    at = ends[row]! + 1;
  });
  return new RecordLines(bytes, starts, ends, texts.length, faults);
}

function seen(decoded: DecodedLines, count: number): unknown[] {
  return Array.from({ length: count }, (_, row) => {
    const fault = decoded.faults?.[row] ?? 0;
    const values = fields.map((field, i) => valueAt(decoded.batch.columns[i]!, field.type, row));
    const isNegativeZero = values.map((value) => Object.is(value, -0));
    return {
      fault,
      reason: fault === 0 ? '' : decoded.reason(row),
      unknown: decoded.unknownFields?.[row],
      values,
      isNegativeZero,
    };
  });
}

const bytesDecoder = new JsonLineDecoder(spec, fields);
const textDecoder = new JsonLineDecoder(spec, fields);

function expectSame(texts: readonly string[]): void {
  const fromBytes = seen(bytesDecoder.decodeLines(linesOf(texts)), texts.length);
  const fromTexts = seen(textDecoder.decode(texts, texts.length, new Map()), texts.length);
  expect(fromBytes).toEqual(fromTexts);
}

/** Whether each line is read without JSON.parse. */
function arePlain(texts: readonly string[]): boolean[] {
  const interners = fields.map(({ type, isLoose }) => (type.kind === 'text' && !isLoose ? new ByteInterner() : null));
  const reader = PlainJsonReader.over(fields, new RecordColumns(fields, texts.length, interners), interners);
  const { bytes, starts, ends } = linesOf(texts);
  return texts.map((_, row) => reader?.read(bytes, starts[row]!, ends[row]!, row) ?? false);
}

const digits = fc.oneof(
  fc.integer({ min: -40_000, max: 40_000 }).map(String),
  fc.integer().map(String),
  fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc
    .tuple(fc.constantFrom('', '-'), fc.nat(1e9), fc.stringMatching(/^\d{1,18}$/))
    .map(([sign, whole, fraction]) => `${sign}${whole}.${fraction}`),
  fc.constantFrom(
    ...[
      '0',
      '-0',
      '-0.0',
      '0.10',
      '1.0',
      '00',
      '01',
      '-',
      '1.',
      '.5',
      '1e3',
      '1E-2',
      '+1',
      '0x1',
      '1_0',
      'NaN',
      '-Infinity',
    ],
    ...[
      '2147483647',
      '2147483648',
      '-2147483648',
      '-2147483649',
      '32767',
      '-32768',
      '32768',
      '-32769',
      '9007199254740993',
    ],
    ...[
      '999999999999999',
      '9999999999.99',
      '10000000000.00',
      '-9999999999.99',
      '12.345',
      '12.340',
      '123456789012345.6',
    ],
  ),
);
const instants = fc.oneof(
  fc
    .date({ min: new Date('1960-01-01'), max: new Date('2290-01-01'), noInvalidDate: true })
    .map((date) => JSON.stringify(date.toISOString())),
  fc
    .tuple(
      fc.constantFrom('T', ' ', 't', '_'),
      fc.constantFrom('', '.', '.1', '.123456', '.1234560', '.1234567', '.000000000'),
      fc.constantFrom('', 'Z', 'z', '+02:00'),
    )
    .map(([separator, fraction, zone]) => `"2024-02-29${separator}23:59:59${fraction}${zone}"`),
  fc.constantFrom(
    ...[
      '"2023-02-29T00:00:00"',
      '"2024-02-29"',
      '"2024-13-01"',
      '"2024-00-10"',
      '"2024-1-2"',
      '"1969-12-31"',
      '"24:00"',
    ],
    ...[
      '"2024-02-29T24:00:00"',
      '"2024-02-29T12:60:00"',
      '"2024-02-29T12:00:60"',
      '"2024-02-29T12:00"',
      '"2024-02-29 1:00:00"',
    ],
    ...['"9999-12-31T23:59:59.999999"', '"0000-01-01T00:00:00"', '"2024-02-29T12:00:00"x', '"2024-02-29T12:00:00'],
  ),
);
const strings = fc.oneof(
  fc.string({ maxLength: 6 }).map((text) => JSON.stringify(text)),
  fc.string({ unit: 'grapheme', maxLength: 6 }).map((text) => JSON.stringify(text)),
  fc.string({ unit: 'binary', maxLength: 6 }).map((text) => JSON.stringify(text)),
  fc.constantFrom(
    '""',
    '"\\u0000"',
    '"\\ud800"',
    '"\\n"',
    '"\t"',
    '"\u0000"',
    '"\\x"',
    '"€€€€"',
    '"abcde"',
    '"abcd"',
    '"',
  ),
);
const others = fc.oneof(
  fc.json({ maxDepth: 4 }),
  fc.constantFrom(
    'true',
    'false',
    'null',
    'tru',
    'nul',
    'True',
    '{}',
    '[]',
    '[1,]',
    '{"a":}',
    '[[[[1]]]]',
    '{"a":{"b":[1,{}]}}',
    '',
  ),
);
const anyValue = fc.oneof(digits, instants, strings, others);

/** Values that mostly fit the column. */
function valueFor({ kind }: SqlType): fc.Arbitrary<string> {
  const own =
    kind === 'timestamp' || kind === 'timestamptz' || kind === 'date' ? instants : kind === 'text' ? strings : digits;
  return fc.oneof({ arbitrary: own, weight: 8 }, { arbitrary: others, weight: 1 }, { arbitrary: anyValue, weight: 1 });
}

const names = [...fields.map(({ name }) => name), 'x', 'y z', 'toString', 'ts ', 'TS'];
const member = fc.constantFrom(...names).chain((name) => {
  const type = fields.find((field) => field.name === name)?.type;
  return (type === undefined ? anyValue : valueFor(type)).map((value) => [name, value] as const);
});
const blank = fc.constantFrom('', '', '', ' ', '\t', '  ', '\r', '\u00a0', '\u000b');
const record = fc
  .tuple(
    fc.uniqueArray(member, { selector: ([name]) => name, maxLength: 24 }),
    fc.array(member, { maxLength: 1 }),
    blank,
    blank,
  )
  .map(([members, more, before, after]) => {
    const all = [...members, ...more].map(
      ([name, value]) => `${JSON.stringify(name)}${before}:${after}${value}${before}`,
    );
    return `${before}{${after}${all.join(`,${after}`)}}${after}`;
  });
/** With a byte or a few changed. */
const damaged = fc
  .tuple(
    record,
    fc.nat(),
    fc.nat(3),
    fc.constantFrom('', ',', '"', '}', '{', ':', '\\', '0', '-', '.', ' ', 'ü', '\u0001', '[', ']'),
  )
  .map(([text, at, removed, put]) => {
    const from = text.length === 0 ? 0 : at % text.length;
    return text.slice(0, from) + put + text.slice(from + removed);
  });

const options = { numRuns: Number(process.env['FSC_RUNS'] ?? 1500) };

describe('lines read from their bytes', () => {
  it('give what JSON.parse gives, whatever they hold', () => {
    const line = fc.oneof(record, damaged).map((text) => text.replaceAll('\n', ' ').toWellFormed());
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 8 }), (texts) => expectSame(texts)),
      options,
    );
  }, 60_000);

  it('give it for records as producers write them, without JSON.parse', () => {
    const common = fc
      .record({
        ts: fc.integer({ min: 0, max: 7e9 }).map((seconds) => new Date(seconds * 1000).toISOString()),
        big: fc.option(fc.integer({ min: -(10 ** 14), max: 10 ** 14 })),
        int: fc.integer(),
        small: fc.integer({ min: -32768, max: 32767 }),
        dec: fc.integer({ min: -(10 ** 11), max: 10 ** 11 }).map((cents) => cents / 100),
        dbl: fc.integer({ min: -(10 ** 14), max: 10 ** 14 }).map((n) => n / 1000),
        flag: fc.option(fc.boolean()),
        day: fc.integer({ min: 0, max: 80_000 }).map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10)),
        text: fc.stringMatching(/^[a-zé€😀 ]{0,20}$/u),
        short: fc.stringMatching(/^[a-z]{0,4}$/),
        default: fc.integer(),
        epoch: fc.integer({ min: 0, max: 7e12 }),
        x: fc.array(fc.record({ y: fc.integer(), z: fc.constant(null) })),
      })
      .map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(fc.array(common, { minLength: 1, maxLength: 8 }), (texts) => {
        expect(arePlain(texts)).toEqual(texts.map(() => true));
        expectSame(texts);
      }),
      { numRuns: 200 },
    );
  });

  it('are records of their own: one does not end in the next line', () => {
    const head = '{"ts":"2024-03-01T12:00:00","small":1,"default":1';
    const texts = [
      head,
      '}',
      `${head},"x":[`,
      '1]}',
      `${head},`,
      '"int":5}',
      `${head}}`,
      `${head}} `,
      `${head}}}`,
      `${head}} {}`,
    ];
    expect(arePlain(texts).filter(Boolean)).toHaveLength(2);
    expectSame(texts);
  });

  it('of which a name comes twice are the last value’s', () => {
    const head = '{"ts":"2024-03-01T12:00:00","small":1';
    expectSame([
      `${head},"int":1,"int":2}`,
      `${head},"x":1,"x":2}`,
      `${head},"text":"a","text":null}`,
      `${head},"int":3}`,
    ]);
  });

  it('may have other names every time', () => {
    const texts = Array.from(
      { length: 400 },
      (_, i) => `{"k${i}":${i},"ts":"2024-03-01T12:00:00","default":0,"small":${i % 5},"k${i % 7}x":[],"text":"t${i}"}`,
    );
    const plain = arePlain(texts).filter(Boolean).length;
    expect(plain).toBeGreaterThan(380);
    expectSame(texts);
  });

  it('are no text where the splitter says so', () => {
    const fault = { reason: 'invalid UTF-8', text: 'x' };
    const good = '{"ts":"2024-03-01T12:00:00","small":1}';
    const decoded = bytesDecoder.decodeLines(linesOf([good, '', good], new Map([[1, fault]])));
    expect([...(decoded.faults ?? []).slice(0, 3)]).toEqual([0, 2, 0]);
    expect([decoded.reason(1), decoded.text(1), decoded.text(2)]).toEqual(['invalid UTF-8', 'x', good]);
  });

  it('with a name that must be escaped, or at a path, are left to JSON.parse', () => {
    for (const path of [['a"b'], ['a\\b'], ['a', 'b'], ['\ud800']]) {
      const odd = fieldsOf(sourceSpec({ columns: [column('c', TEXT, { path })] }), []);
      expect(PlainJsonReader.over(odd, new RecordColumns(odd, 1), [])).toBeNull();
    }
  });
});

describe('codes of texts', () => {
  it('are those of equal texts, from bytes and from strings, through growth and renewal', () => {
    const interner = new ByteInterner();
    const texts = Array.from({ length: 20_000 }, (_, i) => (i % 3 === 0 ? `ü${i}` : `${'long '.repeat(i % 9)}${i}`));
    const codes = texts.map((text) => interner.codeOf(text));
    expect(new Set(codes).size).toBe(texts.length);
    expect(texts.map((text) => interner.codeOf(text))).toEqual(codes);
    expect(codes.map((code) => interner.dictionary[code])).toEqual(texts);
    expect(interner.codeOf('')).toBe(0);
    const { dictionaryId } = interner;
    interner.renewIfFull();
    expect(interner.dictionaryId).toBe(dictionaryId);
    interner.codeOf('x'.repeat(1 << 25));
    interner.renewIfFull();
    expect(interner.dictionaryId).not.toBe(dictionaryId);
    expect(interner.dictionary).toEqual(['']);
    expect(interner.dictionary[interner.codeOf('again')]).toBe('again');
  });
});
