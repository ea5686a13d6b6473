import { describe, expect, it } from 'vitest';
import { sortedByKey } from '../../runtime/stores/bytes.ts';
import { decodeKey, encodeKey, encodeLongKey, MAX_KEY_BYTES } from '../../runtime/values/key-bytes.ts';
import type { SqlType, Value } from '../../runtime/values/types.ts';
import { BIGINT, BOOLEAN, DECIMAL, type Random, random, TEXT } from '../state/plans.ts';

/** The layout as its comment tells it, with BigInt and Buffer. */
function plainly(values: readonly Value[]): Buffer {
  return Buffer.concat(
    values.map((value) => {
      const bytes =
        typeof value === 'string' ? Buffer.from(value) : integer(BigInt(value as number | bigint | boolean));
      return Buffer.concat([leb128(bytes.length), bytes]);
    }),
  );
}

function leb128(value: number): Buffer {
  const groups =
    value
      .toString(2)
      .padStart(Math.max(1, Math.ceil(value.toString(2).length / 7)) * 7, '0')
      .match(/.{7}/g) ?? [];
  const bytes = groups.map((bits) => Number.parseInt(bits, 2)).reverse();
  return Buffer.from(bytes.map((byte, i) => (i < bytes.length - 1 ? byte | 128 : byte)));
}

function integer(value: bigint): Buffer {
  for (let size = 1; ; size++) {
    const bits = BigInt(size * 8);
    if (BigInt.asIntN(size * 8, value) !== value) continue;
    const hex = BigInt.asUintN(Number(bits), value).toString(16);
    return Buffer.from(hex.padStart(size * 2, '0'), 'hex');
  }
}

function someValue(r: Random, type: SqlType): Value {
  if (type.kind === 'boolean') return r.chance(0.5);
  if (type.kind === 'text')
    return Array.from({ length: r.int(r.chance(0.2) ? 160 : 12) }, () =>
      r.pick(['a', 'Z', 'ü', '€', '\u{1f600}']),
    ).join('');
  const sign = r.chance(0.5) ? 1 : -1;
  const size = r.int(type.kind === 'bigint' ? 63 : 120);
  const wide = (2n ** BigInt(size) + BigInt(r.int(3)) - 1n) * BigInt(sign);
  return Number.isSafeInteger(Number(wide)) ? Number(wide) : wide;
}

describe('bytes of keys', () => {
  it('are what their layout says, and decode to the key', () => {
    for (let seed = 1; seed <= 3000; seed++) {
      const r = random(seed);
      const types = Array.from({ length: 1 + r.int(3) }, () => r.pick([TEXT, BIGINT, DECIMAL, BOOLEAN]));
      const values = types.map((type) => someValue(r, type));
      const expected = plainly(values);
      const key = encodeKey(values, types);
      const long = encodeLongKey(values, types);
      if (!long.ok) expect.fail(long.reason);
      expect(Buffer.from(long.bytes).equals(expected), values.map(String).join()).toBe(true);
      expect(decodeKey(long.bytes, types)).toEqual(values);
      if (expected.length > MAX_KEY_BYTES) expect(key).toMatchObject({ ok: false, isTooLong: true });
      else if (!key.ok) expect.fail(`${values.map(String)}: ${key.reason}`);
      else {
        expect(Buffer.from(key.bytes).equals(expected), values.map(String).join()).toBe(true);
        expect(decodeKey(key.bytes, types)).toEqual(values);
      }
    }
  });

  it('refuse what no database holds, and what is too long', () => {
    const refused = (...values: Value[]): boolean =>
      !encodeKey(
        values,
        values.map(() => TEXT),
      ).ok;
    expect(refused('a\u0000')).toBe(true);
    expect(refused('\ud800')).toBe(true);
    expect(refused('a', null)).toBe(true);
    expect(refused('a'.repeat(510))).toBe(false);
    expect(refused('a'.repeat(511))).toBe(true);
    expect(refused('€'.repeat(170))).toBe(false);
    expect(refused('€'.repeat(171))).toBe(true);
    expect(() => encodeKey([0.5], [BIGINT])).toThrow();
  });

  it('have lengths of any size', () => {
    for (const length of [127, 128, 16_383, 16_384, 1 << 20]) {
      const key = encodeLongKey(['x'.repeat(length), true], [TEXT, BOOLEAN]);
      if (!key.ok) expect.fail(key.reason);
      expect(Buffer.from(key.bytes).equals(plainly(['x'.repeat(length), true]))).toBe(true);
      expect(decodeKey(key.bytes, [TEXT, BOOLEAN])).toEqual(['x'.repeat(length), true]);
    }
    for (const value of [null, '\u0000', '\ud800'])
      expect(encodeLongKey(['x'.repeat(600), value], [TEXT, TEXT])).toMatchObject({ ok: false, isTooLong: false });
  });

  it('sort rows by byte, shorter first', () => {
    const r = random(5);
    for (let round = 0; round < 50; round++) {
      const prefix = Array.from({ length: r.int(4) }, () => r.int(256));
      const rows = Array.from({ length: 1 + r.int(60) }, () => ({
        key: Uint8Array.from([...prefix, ...Array.from({ length: r.int(9) }, () => r.pick([0, 1, 127, 255]))]),
        value: null,
      }));
      const expected = [...rows].sort((a, b) => Buffer.compare(a.key, b.key)).map(({ key }) => [...key]);
      expect(sortedByKey(rows).map(({ key }) => [...key])).toEqual(expected);
    }
  });
});
