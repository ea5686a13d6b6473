import { MICROS_PER_DAY, type SqlType, type Value } from '../../runtime/values/types.ts';

/** A value as a person writes it; NULL is `NULL`. */
export function textOf(value: Value, type: SqlType): string {
  if (value === null) return 'NULL';
  switch (type.kind) {
    case 'decimal':
      return decimalText(BigInt(value as number | bigint), type.scale);
    case 'date':
      return instantText((value as number) * MICROS_PER_DAY).slice(0, 10);
    case 'timestamp':
    case 'timestamptz':
      return instantText(value as number);
    default:
      return String(value);
  }
}

function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `${unscaled < 0n ? '-' : ''}${whole}${scale === 0 ? '' : `.${digits.slice(-scale)}`}`;
}

function instantText(micros: number): string {
  const millis = Math.floor(micros / 1000);
  const rest = micros - millis * 1000;
  const text = new Date(millis).toISOString().replace('T', ' ').replace('Z', '');
  return `${text}${String(rest).padStart(3, '0')}`.replace(/\.?0+$/, '');
}
