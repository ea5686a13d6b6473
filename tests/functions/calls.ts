/** Every call that a scalar function resolves for the listed types, compiled as the printers compile it. */
import type { CallTypes, ConstantArg, ScalarFunction } from '../../runtime/functions/definition.ts';
import { SCALARS } from '../../runtime/functions/index.generated.ts';
import { printType, type SqlType, type Value } from '../../runtime/values/types.ts';

const decimal = (precision: number, scale: number): SqlType => ({ kind: 'decimal', precision, scale });
export const TYPES: readonly SqlType[] = [
  { kind: 'smallint' },
  { kind: 'integer' },
  { kind: 'bigint' },
  decimal(5, 2),
  decimal(2, 2),
  decimal(18, 4),
  decimal(24, 0),
  decimal(38, 10),
  decimal(38, 0),
  { kind: 'real' },
  { kind: 'double' },
  { kind: 'boolean' },
  { kind: 'text', maxLength: null },
  { kind: 'date' },
  { kind: 'timestamp' },
  { kind: 'timestamptz' },
  { kind: 'interval' },
];
const typeOf = (kind: SqlType['kind']): SqlType => TYPES.find((type) => type.kind === kind) as SqlType;
const TEXT = typeOf('text');
const INTEGER = typeOf('integer');

export interface Call {
  readonly fn: ScalarFunction;
  /** The user's columns' types. */
  readonly declared: readonly SqlType[];
  readonly constants: readonly ConstantArg[];
  readonly types: CallTypes;
  readonly agreement: 'exact' | 'double';
  readonly title: string;
}

const kernels: Record<string, (...args: never[]) => Value> = Object.assign({}, ...SCALARS.map((fn) => fn.kernels));
const CAST = SCALARS.find((fn) => fn.name === 'cast') as ScalarFunction;

/** Constants that must be tried at a position; undefined = any expression. */
const CONSTANTS: Readonly<Record<string, readonly (readonly ConstantArg[])[]>> = {
  date_trunc: ['microsecond', 'millisecond', 'second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'].map(
    (u) => [u, undefined],
  ),
  date_part: [
    'year',
    'quarter',
    'month',
    'week',
    'day',
    'hour',
    'minute',
    'epoch',
    'dow',
    'isodow',
    'doy',
    'isoyear',
  ].map((u) => [u, undefined]),
  round: [[undefined], [undefined, 0], [undefined, 1], [undefined, 3]],
  trunc: [[undefined], [undefined, 0], [undefined, 1], [undefined, 3]],
  like: ['a%', '%b', '_', '%', '', 'a_b', '%a%b%', '__', '%_', 'A%', '.', 'a%b%c', '%😀%', '_b', "it's", '[a]'].map(
    (p) => [undefined, p],
  ),
};

/** A type of TYPES in each place. */
function tuples(places: readonly (readonly SqlType[])[]): SqlType[][] {
  const [first, ...others] = places;
  if (first === undefined) return [[]];
  const rest = tuples(others);
  return first.flatMap((type) => rest.map((tail) => [type, ...tail]));
}

function arities(fn: ScalarFunction): number[] {
  const most = Math.min(fn.maxArgs, fn.name === 'greatest' || fn.name === 'least' ? 2 : 3);
  return Array.from({ length: most - fn.minArgs + 1 }, (_, i) => fn.minArgs + i);
}

/** Types that a function says it takes in a place. */
const inDomain = ({ domain }: ScalarFunction, place: number): readonly SqlType[] =>
  TYPES.filter(({ kind }) => domain[place]?.includes(kind));

/** `candidates`: the types that are tried in a place. */
export function callsOf(
  fn: ScalarFunction,
  candidates: (place: number) => readonly SqlType[] = (place) => inDomain(fn, place),
): Call[] {
  if (fn.name === 'cast') return castCalls(fn, candidates(0));
  const out: Call[] = [];
  const patterns = CONSTANTS[fn.name] ?? arities(fn).map((n) => Array.from({ length: n }, () => undefined));
  for (const constants of patterns) {
    const places = constants.map((constant, place) =>
      constant === undefined ? candidates(place) : [typeof constant === 'string' ? TEXT : INTEGER],
    );
    for (const declared of tuples(places)) {
      const resolution = fn.resolve(declared, constants, null);
      if (!resolution.ok) continue;
      const types = { args: resolution.args, result: resolution.result };
      const title = `${fn.name}(${declared.map((type, i) => (constants[i] === undefined ? printType(type) : String(constants[i]))).join(', ')})`;
      out.push({ fn, declared, constants, types, agreement: resolution.agreement, title });
    }
  }
  return out;
}

function castCalls(fn: ScalarFunction, candidates: readonly SqlType[]): Call[] {
  return candidates.flatMap((from) =>
    TYPES.flatMap((to): Call[] => {
      const resolution = fn.resolve([from], [undefined], to);
      if (!resolution.ok) return [];
      const title = `cast(${printType(from)} as ${printType(to)})`;
      return [
        {
          fn,
          declared: [from],
          constants: [undefined],
          types: { args: resolution.args, result: to },
          agreement: resolution.agreement,
          title,
        },
      ];
    }),
  );
}

export function sameType(a: SqlType, b: SqlType): boolean {
  return printType(a) === printType(b);
}

/** Kernel of the call over declared values, coercions included, as generated code runs it. */
export function kernelOf(call: Call): (values: readonly Value[]) => Value {
  const body = compile(call.fn, call.types, call.types.args.length);
  const casts = call.types.args.map((type, i) => {
    const from = call.declared[i] as SqlType;
    return sameType(from, type) || type.kind === 'unknown' ? null : compile(CAST, { args: [from], result: type }, 1);
  });
  return (values) =>
    body(values.map((value, i) => (casts[i] === null ? value : (casts[i] as (v: readonly Value[]) => Value)([value]))));
}

function compile(fn: ScalarFunction, types: CallTypes, count: number): (values: readonly Value[]) => Value {
  const names = Array.from({ length: count }, (_, i) => `a${i}`);
  const run = new Function('k', ...names, `return ${fn.js(names, types)};`) as (...args: unknown[]) => Value;
  const canFail = fn.canFail(types);
  return (values) => {
    if (fn.strict && values.some((value) => value === null)) return null;
    const result = run(kernels, ...values);
    if (result === undefined) throw new Error(`${fn.name} gives undefined`);
    if (fn.strict && result === null && !canFail)
      throw new Error(`${fn.name} fails, and says that it cannot: ${values.map(String).join(', ')}`);
    return result;
  };
}

/** SQL form of the call over argument texts of the declared types. */
export function formOf(call: Call, args: readonly string[], dialect: 'duckdb' | 'postgres'): string {
  const seen = (type: SqlType): SqlType =>
    dialect === 'duckdb' && type.kind === 'timestamptz' ? { kind: 'timestamp' } : type;
  const coerced = call.types.args.map((type, i) => {
    const from = call.declared[i] as SqlType;
    const text = args[i] as string;
    if (sameType(seen(from), seen(type)) || type.kind === 'unknown') return text;
    const form = CAST.sql[dialect]([text], { args: [seen(from)], result: seen(type) });
    if (typeof form !== 'string') throw new Error(form.unsupported);
    return `(${form})`;
  });
  const types = { args: call.types.args.map(seen), result: seen(call.types.result) };
  if (call.fn.name === 'cast' && sameType(types.args[0] as SqlType, types.result)) return coerced[0] as string;
  const form = call.fn.sql[dialect](coerced, types);
  if (typeof form !== 'string') throw new Error(form.unsupported);
  return form;
}

/** The user's own spelling. */
export function rawOf(call: Call, args: readonly string[]): string {
  const { fn } = call;
  if (fn.name === 'cast') return `CAST(${args[0]} AS ${printType(call.types.result)})`;
  if (fn.name === 'is_distinct') return `(${args[0]} IS DISTINCT FROM ${args[1]})`;
  if (fn.name === 'date_part') return `extract(${String(call.constants[0])} FROM ${args[1]})`;
  const [spelling] = fn.spellings;
  if (spelling === undefined) throw new Error(`${fn.name} has no spelling`);
  if ('fn' in spelling) return `${spelling.fn}(${args.join(', ')})`;
  return spelling.arity === 1 ? `(${spelling.op} ${args[0]})` : `(${args[0]} ${spelling.op} ${args[1]})`;
}
