import { describe, expect, it } from 'vitest';
import type { ConstantArg, ScalarFunction } from '../../runtime/functions/definition.ts';
import { AGGREGATES, SCALARS } from '../../runtime/functions/index.generated.ts';
import { printType, type SqlType } from '../../runtime/values/types.ts';
import { type AggregateCase, aggregateCases } from './aggregate-cases.ts';
import { type Call, callsOf, sameType, TYPES } from './calls.ts';

/** What a call gives: `~` within a tolerance, `?` NULL also where no argument is; then what its arguments are made first, if anything else. */
function outcomeOf({ fn, declared, types, agreement }: Call): string {
  const marks = `${agreement === 'double' ? '~' : ''}${fn.canFail(types) ? '?' : ''}`;
  const isCoerced = types.args.some((type, i) => !sameType(type, declared[i] as SqlType));
  return `${printType(types.result)}${marks}${isCoerced ? ` from ${types.args.map(printType).join(', ')}` : ''}`;
}

/** All calls that are not refused; those that differ in their last argument alone are together. */
function linesOf(calls: readonly Call[]): string[] {
  const groups = new Map<string, string[]>();
  for (const call of calls) {
    const free = call.constants.lastIndexOf(undefined);
    const args = call.declared.map((type, i) =>
      call.constants[i] === undefined ? printType(type) : call.constants[i],
    );
    const others = args.map((arg, i) => (i === free ? '_' : String(arg))).join(', ');
    const key = `(${others}): ${outcomeOf(call)}`;
    groups.set(key, [...(groups.get(key) ?? []), String(args[free])]);
  }
  return [...groups].map(([key, types]) => `${key} | ${types.join(' ')}`);
}

/** Of an aggregate also what it keeps. */
function aggregateLine({ fn, distinct, declared, argument, result }: AggregateCase): string {
  const resolution = fn.resolve(declared === null ? [] : [declared], distinct);
  const mark = resolution.ok && resolution.agreement === 'double' ? '~' : '';
  const from =
    argument === null || declared === null || sameType(argument, declared) ? '' : ` from ${printType(argument)}`;
  const arg = declared === null ? '*' : printType(declared);
  return `(${distinct ? 'DISTINCT ' : ''}${arg}): ${printType(result)}${mark}${from} | ${fn.algebra(argument, distinct)}`;
}

function scalarOf(name: string): ScalarFunction {
  return SCALARS.find((fn) => fn.name === name) as ScalarFunction;
}

describe('what calls take, and what they give for it, is as it was agreed', () => {
  for (const fn of SCALARS) {
    it(fn.name, () => {
      expect(`\n${linesOf(callsOf(fn)).join('\n')}\n`).toMatchSnapshot();
    });
  }
});

describe('what aggregates take, give and keep is as it was agreed', () => {
  const cases = aggregateCases();
  for (const fn of AGGREGATES) {
    it(fn.name, () => {
      const lines = cases.filter((one) => one.fn === fn).map(aggregateLine);
      expect(`\n${lines.join('\n')}\n`).toMatchSnapshot();
    });
  }
});

describe('a function takes the kinds of type that its domain names, and no others', () => {
  const KINDS = [...new Set(TYPES.map(({ kind }) => kind))];
  const inOrder = (kinds: Iterable<SqlType['kind']>): string => {
    const set = new Set(kinds);
    return KINDS.filter((kind) => set.has(kind)).join(' ');
  };
  const namedBy = ({ domain }: Pick<ScalarFunction, 'domain'>): string[] => domain.map(inOrder);

  for (const fn of SCALARS) {
    it(fn.name, () => {
      const calls = callsOf(fn, () => TYPES);
      const places = Math.max(...calls.map(({ declared }) => declared.length));
      const taken = Array.from({ length: places }, (_, place) =>
        inOrder(calls.flatMap(({ declared }) => declared[place]?.kind ?? [])),
      );
      expect(namedBy(fn)).toEqual(taken);
    });
  }

  for (const fn of AGGREGATES) {
    it(fn.name, () => {
      const taken = inOrder(TYPES.filter((type) => fn.resolve([type], false).ok).map(({ kind }) => kind));
      expect(namedBy(fn)).toEqual(fn.arity === 0 ? [] : [taken]);
    });
  }
});

describe('types at the edge of what a function takes', () => {
  const decimal = (precision: number, scale: number): SqlType => ({ kind: 'decimal', precision, scale });
  const cast = scalarOf('cast');
  const multiply = scalarOf('multiply');

  it('digits that a double has are cast to it exactly', () => {
    const classOf = (precision: number): string => {
      const resolution = cast.resolve([decimal(precision, 3)], [undefined], { kind: 'double' });
      return resolution.ok ? resolution.agreement : 'refused';
    };
    expect([classOf(15), classOf(16)]).toEqual(['exact', 'double']);
  });

  it('a product has 38 digits after the point at most', () => {
    const product = (scale: number): string => {
      const resolution = multiply.resolve([decimal(38, 19), decimal(38, scale)], [undefined, undefined], null);
      return resolution.ok ? printType(resolution.result) : String(resolution.code);
    };
    expect([product(19), product(20)]).toEqual(['decimal(38,38)', 'FSC3011']);
  });
});

describe('what a function of texts takes in each place', () => {
  const TEXT: SqlType = { kind: 'text', maxLength: null };
  const INTEGER: SqlType = { kind: 'integer' };
  const CANDIDATES: readonly SqlType[] = [
    TEXT,
    { kind: 'unknown' },
    { kind: 'smallint' },
    INTEGER,
    { kind: 'bigint' },
    { kind: 'double' },
    { kind: 'date' },
    { kind: 'boolean' },
  ];
  const takenBy = (name: string, args: readonly SqlType[]): string[] => {
    const constants = args.map((_, i) => (name === 'like' && i === 1 ? 'a%' : undefined));
    return args.map((_, place) =>
      CANDIDATES.filter((type) => scalarOf(name).resolve(args.with(place, type), constants, null).ok)
        .map(({ kind }) => kind)
        .join(' '),
    );
  };

  it.each([
    ['lower', 1],
    ['upper', 1],
    ['length', 1],
    ['trim', 1],
    ['replace', 3],
    ['starts_with', 2],
    ['concat_op', 2],
    ['like', 2],
  ])('%s: texts', (name, count) => {
    expect(takenBy(name, new Array<SqlType>(count).fill(TEXT))).toEqual(new Array(count).fill('text unknown'));
  });

  it('substr: a text, and integers that are not long', () => {
    const place = 'smallint integer';
    expect(takenBy('substr', [TEXT, INTEGER, INTEGER])).toEqual(['text', place, place]);
    expect(takenBy('substr', [TEXT, INTEGER])).toEqual(['text', place]);
  });
});

it('the extreme of nothing but NULL has no type', () => {
  for (const name of ['greatest', 'least']) {
    expect([name, scalarOf(name).resolve([{ kind: 'unknown' }], [undefined], null).ok]).toEqual([name, false]);
  }
});

describe('constants', () => {
  const INTEGER: SqlType = { kind: 'integer' };
  const INTERVAL: SqlType = { kind: 'interval' };
  const TEXT: SqlType = { kind: 'text', maxLength: null };
  const ZONED: SqlType = { kind: 'timestamptz' };
  const faultOf = (name: string, args: readonly SqlType[], constants: readonly ConstantArg[]): string => {
    const resolution = scalarOf(name).resolve(args, constants, null);
    return resolution.ok ? 'none' : `${resolution.code} ${resolution.argument}`;
  };

  it('that are digits are from 0 to 38', () => {
    const type: SqlType = { kind: 'decimal', precision: 38, scale: 10 };
    for (const name of ['round', 'trunc']) {
      const faults = [0, 38, -1, 39, '2', undefined].map((digits) =>
        faultOf(name, [type, INTEGER], [undefined, digits]),
      );
      expect(faults).toEqual(['none', 'none', 'null null', 'null null', 'null null', 'null null']);
    }
  });

  it('that tell where a text begins and how long it is are not below 1 and 0', () => {
    const places = [
      [1, 0],
      [1, undefined],
      [0, 1],
      [undefined, -1],
      [-1, -1],
    ].map((place) => faultOf('substr', [TEXT, INTEGER, INTEGER], [undefined, ...place]));
    expect(places).toEqual(['none', 'none', 'FSC3012 1', 'FSC3012 2', 'FSC3012 1']);
  });

  it('that are patterns hold no backslash', () => {
    const faults = ['a/b', 'a\\b', undefined].map((pattern) => faultOf('like', [TEXT, TEXT], [undefined, pattern]));
    expect(faults).toEqual(['none', 'FSC3013 1', 'FSC3013 1']);
  });

  it('that are seconds are of no instant', () => {
    const fields = ['second', 'seconds', 'millisecond', 'microsecond', 'minute', undefined];
    const faults = fields.map((field) => faultOf('date_part', [TEXT, ZONED], [field, undefined]));
    const refused = 'FSC3015 0';
    expect(faults).toEqual([refused, refused, refused, refused, 'none', faults[5]]);
    expect(faults[5]).not.toBe('none');
  });

  it('of months and a time of day move no zoned instant if anything goes back', () => {
    const back: [months: number, days: number, micros: number][] = [
      [-1, 0, 1],
      [1, 0, -1],
      [1, -1, 1],
      [-1, -1, -1],
    ];
    const fine: typeof back = [
      [1, 0, 1],
      [1, 1, 1],
      [-1, 0, 0],
      [-1, -1, 0],
      [0, -1, -1],
      [0, 0, -1],
    ];
    const [before, after] = ['FSC3017 0', 'FSC3017 1'];
    const faultsOf = ([months, days, micros]: (typeof back)[number]): string[] => {
      const constant = { months, days, micros };
      const opposite = { months: -months, days: -days, micros: -micros };
      return [
        faultOf('add_temporal', [ZONED, INTERVAL], [undefined, constant]),
        faultOf('add_temporal', [INTERVAL, ZONED], [constant, undefined]),
        faultOf('subtract_temporal', [ZONED, INTERVAL], [undefined, opposite]),
        faultOf('add_temporal', [{ kind: 'timestamp' }, INTERVAL], [undefined, constant]),
        faultOf('subtract_temporal', [{ kind: 'timestamp' }, INTERVAL], [undefined, opposite]),
      ];
    };
    for (const parts of back) expect([parts, faultsOf(parts)]).toEqual([parts, [after, before, after, 'none', 'none']]);
    for (const parts of fine) expect([parts, faultsOf(parts)]).toEqual([parts, new Array(5).fill('none')]);
  });
});

describe('calls that are documented are spelled so', () => {
  for (const fn of [...SCALARS, ...AGGREGATES]) {
    it(fn.name, () => {
      const names = fn.doc.calls.flatMap((call) => /^([a-z_]+)\(/.exec(call)?.[1] ?? []);
      const spelled = fn.spellings.flatMap((spelling) => ('fn' in spelling ? [spelling.fn] : []));
      expect(names.filter((name) => !spelled.includes(name))).toEqual([]);
    });
  }
});
