import type { SqlType } from '../../runtime/values/types.ts';
import { replacing } from '../diagnostics/edits.ts';
import type { TypeName } from '../parse/ast.ts';
import type { Faults } from './faults.ts';
import { nearest } from './suggest.ts';

const PLAIN: Readonly<Record<string, SqlType>> = Object.assign(Object.create(null), {
  smallint: { kind: 'smallint' },
  int2: { kind: 'smallint' },
  integer: { kind: 'integer' },
  int: { kind: 'integer' },
  int4: { kind: 'integer' },
  bigint: { kind: 'bigint' },
  int8: { kind: 'bigint' },
  real: { kind: 'real' },
  float4: { kind: 'real' },
  'double precision': { kind: 'double' },
  double: { kind: 'double' },
  float8: { kind: 'double' },
  boolean: { kind: 'boolean' },
  bool: { kind: 'boolean' },
  text: { kind: 'text', maxLength: null },
  varchar: { kind: 'text', maxLength: null },
  'character varying': { kind: 'text', maxLength: null },
  string: { kind: 'text', maxLength: null },
  date: { kind: 'date' },
  timestamp: { kind: 'timestamp' },
  'timestamp without time zone': { kind: 'timestamp' },
  timestamptz: { kind: 'timestamptz' },
  'timestamp with time zone': { kind: 'timestamptz' },
  interval: { kind: 'interval' },
} satisfies Record<string, SqlType>);

/** Types of the databases and of other languages: the name that fsc has, or what to do. */
const FOREIGN_TYPES: ReadonlyMap<string, string> = new Map([
  ['float', 'double precision'],
  ['float64', 'double precision'],
  ['float32', 'real'],
  ['number', 'write decimal(p,s), such as decimal(12,2)'],
  ['money', 'write decimal(12,2)'],
  ['tinyint', 'smallint'],
  ['int1', 'smallint'],
  ['long', 'bigint'],
  ['int64', 'bigint'],
  ['int32', 'integer'],
  ['int16', 'smallint'],
  ['hugeint', 'write decimal(38,0)'],
  ['ubigint', 'write decimal(20,0)'],
  ['uinteger', 'bigint'],
  ['serial', 'integer'],
  ['bigserial', 'bigint'],
  ['char', 'text'],
  ['character', 'text'],
  ['bpchar', 'text'],
  ['nvarchar', 'text'],
  ['clob', 'text'],
  ['uuid', 'text'],
  ['enum', 'text'],
  ['datetime', 'timestamp'],
  ['time', 'store the seconds of the day as integer'],
  ['json', 'take the fields out as columns: `-- @from column path.to.field` at the top of the file'],
  ['jsonb', 'take the fields out as columns: `-- @from column path.to.field` at the top of the file'],
  ['bytea', 'leave the column out: a feature is a number, text, boolean or time'],
  ['blob', 'leave the column out: a feature is a number, text, boolean or time'],
  ['[]', 'a column holds one value: declare the parts as columns'],
]);

function foreignType(type: TypeName, help: string, faults: Faults): null {
  const isType = Object.hasOwn(PLAIN, help);
  return faults.error('FSC2020', type.span, `type \`${type.name}\` is not supported`, {
    help: isType ? `write \`${help}\`` : help,
    edits: isType ? replacing(type.span, help) : [],
  });
}

const DECIMAL_NAMES = new Set(['decimal', 'numeric', 'dec']);
const MAX_PRECISION = 38;

/** The type that a name stands for, or null after its fault was told. Interval is refused by the caller where it has no place. */
export function resolveTypeName(type: TypeName, faults: Faults): SqlType | null {
  if (DECIMAL_NAMES.has(type.name)) return decimalType(type, faults);
  const plain = PLAIN[type.name];
  if (plain === undefined) {
    const names = [
      'smallint',
      'integer',
      'bigint',
      'decimal',
      'real',
      'double precision',
      'boolean',
      'text',
      'varchar',
    ];
    const help = FOREIGN_TYPES.get(type.name.endsWith('[]') ? '[]' : type.name);
    if (help !== undefined) return foreignType(type, help, faults);
    return faults.error('FSC2020', type.span, `type \`${type.name}\` does not exist`, {
      ...nearest(type.name, type.span, [...names, 'date', 'timestamp', 'timestamptz'], 'type'),
    });
  }
  if (type.args.length === 0) return plain;
  return withArguments(type, plain, faults);
}

function withArguments(type: TypeName, plain: SqlType, faults: Faults): SqlType | null {
  const [first] = type.args;
  const isVarchar = type.name === 'varchar' || type.name === 'character varying';
  if (isVarchar && type.args.length === 1 && first !== undefined && Number.isInteger(first) && first >= 1) {
    if (first <= 10_485_760) return { kind: 'text', maxLength: first };
  }
  if ((plain.kind === 'timestamp' || plain.kind === 'timestamptz') && type.args.length === 1 && first === 6)
    return plain;
  return faults.error('FSC2024', type.span, `\`${type.name}\` does not take (${type.args.join(', ')})`, {
    help: isVarchar ? 'write varchar(n) with n from 1 to 10485760' : `write ${type.name} without argument`,
  });
}

function decimalType(type: TypeName, faults: Faults): SqlType | null {
  const [precision, scale = 0] = type.args;
  if (precision === undefined) {
    return faults.error('FSC2021', type.span, `\`${type.name}\` without precision`, {
      label: 'of how many digits?',
      edits: replacing(type.span, 'decimal(12,2)'),
      applicability: 'placeholder',
    });
  }
  if (type.args.length > 2) return faults.error('FSC2024', type.span, `\`${type.name}\` takes two arguments`);
  const whole = Number.isInteger(precision) && Number.isInteger(scale);
  if (!whole || precision < 1 || precision > MAX_PRECISION || scale < 0 || scale > precision) {
    return faults.error('FSC2022', type.span, `\`${type.name}(${type.args.join(', ')})\` is out of range`);
  }
  return { kind: 'decimal', precision, scale };
}

export function sameType(a: SqlType, b: SqlType): boolean {
  if (a.kind !== b.kind) return false;
  if (a.kind === 'decimal' && b.kind === 'decimal') return a.precision === b.precision && a.scale === b.scale;
  if (a.kind === 'text' && b.kind === 'text') return a.maxLength === b.maxLength;
  return true;
}
