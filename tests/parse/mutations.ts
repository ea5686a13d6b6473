/** Ways to spoil a feature file: tokens put in, cut and copied; bytes changed; spans swapped; spans nested deep. */
import fc from 'fast-check';

/** Places are taken modulo the length, so that any number is one. */
export type Mutation =
  | {
      readonly kind: 'tokens';
      readonly at: number;
      readonly cut: number;
      readonly insert: string;
      /** So many tokens of the text itself, again. */
      readonly copy: number;
    }
  | { readonly kind: 'byte'; readonly at: number; readonly flip: number }
  | {
      readonly kind: 'swap';
      readonly from: number;
      readonly size: number;
      readonly to: number;
      readonly toSize: number;
    }
  | { readonly kind: 'nest'; readonly at: number; readonly size: number; readonly depth: number; readonly nest: Nest };

type Nest = readonly [open: string, close: string];

const NESTS: readonly Nest[] = [
  ['(', ')'],
  ['((', ') + 1)'],
  ['NOT ', ''],
  ['- ', ''],
  ['abs(', ')'],
  ['coalesce(1, ', ')'],
  ['CASE WHEN ok THEN ', ' END'],
  ['CAST(', ' AS bigint)'],
  ['', '::bigint'],
  ['(SELECT * FROM ', ') q'],
  ['/* ', ' */'],
  ['(', ''],
  ['[', ']'],
];

const place = fc.nat(400);

export function mutation(fragments: readonly string[]): fc.Arbitrary<Mutation> {
  const tokens = fc.record({
    kind: fc.constant('tokens' as const),
    at: place,
    cut: fc.nat(3),
    insert: fc.oneof(
      { arbitrary: fc.constantFrom(...fragments), weight: 5 },
      { arbitrary: fc.string({ maxLength: 3 }), weight: 1 },
      { arbitrary: fc.constant(''), weight: 2 },
    ),
    copy: fc.oneof({ arbitrary: fc.constant(0), weight: 6 }, { arbitrary: fc.nat(12), weight: 1 }),
  });
  const byte = fc.record({
    kind: fc.constant('byte' as const),
    at: fc.nat(4000),
    flip: fc.integer({ min: 1, max: 255 }),
  });
  const swap = fc.record({
    kind: fc.constant('swap' as const),
    from: place,
    size: fc.nat(12),
    to: place,
    toSize: fc.nat(12),
  });
  const nest = fc.record({
    kind: fc.constant('nest' as const),
    at: place,
    size: fc.nat(6),
    depth: fc.oneof({ arbitrary: fc.nat(4), weight: 3 }, { arbitrary: fc.nat(300), weight: 1 }),
    nest: fc.constantFrom(...NESTS),
  });
  return fc.oneof(
    { arbitrary: tokens, weight: 5 },
    { arbitrary: byte, weight: 1 },
    { arbitrary: swap, weight: 1 },
    { arbitrary: nest, weight: 1 },
  );
}

export function mutated(text: string, mutations: readonly Mutation[]): string {
  return mutations.reduce(mutatedOnce, text);
}

function mutatedOnce(text: string, mutation: Mutation): string {
  if (mutation.kind === 'byte') return withByte(text, mutation.at, mutation.flip);
  const parts = tokensOf(text);
  const within = (at: number): number => (parts.length === 0 ? 0 : at % parts.length);
  switch (mutation.kind) {
    case 'tokens': {
      const { cut, insert, copy } = mutation;
      const at = within(mutation.at);
      parts.splice(at, cut, ` ${insert} `, ...parts.slice(at, at + copy));
      break;
    }
    case 'swap': {
      const [first, second] = [within(mutation.from), within(mutation.to)].sort((a, b) => a - b) as [number, number];
      const end = Math.min(first + mutation.size, second);
      const [before, a, between] = [parts.slice(0, first), parts.slice(first, end), parts.slice(end, second)];
      const b = parts.slice(second, second + mutation.toSize);
      parts.splice(0, parts.length, ...before, ...b, ...between, ...a, ...parts.slice(second + mutation.toSize));
      break;
    }
    case 'nest': {
      const { depth, nest, size } = mutation;
      const at = within(mutation.at);
      const inner = parts.slice(at, at + size).join('');
      parts.splice(at, size, nest[0].repeat(depth), inner, nest[1].repeat(depth));
      break;
    }
  }
  return parts.join('');
}

/** As a file is read in which a byte is another one. */
function withByte(text: string, at: number, flip: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length === 0) return text;
  bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ flip;
  return bytes.toString('utf8');
}

function tokensOf(text: string): string[] {
  return text.match(/\s+|\w+|'(?:[^']|'')*'|[^\s\w]/g) ?? [];
}
