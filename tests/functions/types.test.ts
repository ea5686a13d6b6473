import { describe, expect, it } from 'vitest';
import type { ScalarFunction } from '../../runtime/functions/definition.ts';
import { AGGREGATES, SCALARS } from '../../runtime/functions/index.generated.ts';
import { printType, type SqlType } from '../../runtime/values/types.ts';
import { type Call, callsOf, sameType } from './calls.ts';

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

describe('calls that are documented are spelled so', () => {
  for (const fn of [...SCALARS, ...AGGREGATES]) {
    it(fn.name, () => {
      const names = fn.doc.calls.flatMap((call) => /^([a-z_]+)\(/.exec(call)?.[1] ?? []);
      const spelled = fn.spellings.flatMap((spelling) => ('fn' in spelling ? [spelling.fn] : []));
      expect(names.filter((name) => !spelled.includes(name))).toEqual([]);
    });
  }
});
