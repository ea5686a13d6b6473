/** The same SQL as other people write it: cases of letters, quotes, comments, aliases, subqueries and CTEs. The meaning stays. */
import type { Random } from './random.ts';

interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'comment' | 'space' | 'other';
  readonly text: string;
}

const TOKEN =
  /(?<comment>--[^\n]*)|(?<string>'(?:[^']|'')*')|(?<quoted>"(?:[^"]|"")*")|(?<word>[A-Za-z_][A-Za-z0-9_]*)|(?<number>\d+(?:\.\d+)?)|(?<space>\s+)|(?<other><>|<=|>=|::|\|\||[^\s])/gu;

const tokens = (text: string): Token[] =>
  [...text.matchAll(TOKEN)].map((match) => {
    const [[kind, found]] = Object.entries(match.groups!).filter(([, part]) => part !== undefined) as [
      [Token['kind'], string],
    ];
    return { kind, text: found };
  });

/** Names of types that mean the same. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  bigint: ['bigint', 'int8'],
  integer: ['integer', 'int', 'int4'],
  smallint: ['smallint', 'int2'],
  decimal: ['decimal', 'numeric'],
  boolean: ['boolean', 'bool'],
};

export interface StyleContext {
  readonly random: Random;
  /** Columns of the relation that FROM names; only these are quoted and qualified. */
  readonly columns: readonly string[];
  /** The relation. */
  readonly relation: string;
  /** It may be given an alias, a subquery or a CTE: not in request views, whose text has them. */
  readonly isPlain: boolean;
}

const anyCase = (random: Random, word: string): string => {
  const form = random.int(0, 4);
  if (form === 0) return word.toUpperCase();
  if (form === 1) return word.toLowerCase();
  return form === 2 ? word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase() : word;
};

const gap = (random: Random): string => {
  const form = random.int(0, 30);
  if (form === 0) return ' /* it\'s; a "comment" */ ';
  if (form === 1) return " -- now() isn't here\n";
  if (form === 2) return '\n\n';
  return form === 3 ? '\t' : ' ';
};

/** A view's statement, without its leading comment. */
export const restyleView = (text: string, context: StyleContext): string => {
  const { random, relation, isPlain } = context;
  const alias = isPlain ? random.pick([null, null, 'e', relation]) : null;
  const cte = random.pick(['base', 'recent_events']);
  const form = isPlain ? random.pick(['subquery', 'cte', 'alias', 'alias'] as const) : 'none';
  const named = (name: string): string => (alias === null || alias === name ? name : `${name} AS ${alias}`);
  const from = {
    subquery: `(SELECT * FROM ${relation}) AS ${alias ?? 'inner_one'}`,
    cte: alias === null ? cte : `${cte} ${alias}`,
    alias: named(relation),
    none: relation,
  }[form];
  const words = restyleWords(tokens(text), { ...context, qualifier: alias, from });
  return form === 'cte' ? `WITH ${cte} AS (SELECT * FROM ${relation})\n${words}` : words;
};

interface WordContext extends StyleContext {
  readonly qualifier: string | null;
  /** What stands in the place of the relation's name. */
  readonly from: string;
}

const restyleWords = (list: readonly Token[], context: WordContext): string => {
  let out = '';
  let before = '';
  list.forEach((token, i) => {
    out += restyleToken(token, before, list[i + 1]?.text ?? '', context);
    if (token.kind !== 'space' && token.kind !== 'comment') before = token.text;
  });
  return out;
};

const restyleToken = (token: Token, before: string, after: string, context: WordContext): string => {
  const { random, columns, relation, qualifier, from } = context;
  switch (token.kind) {
    case 'space':
      return token.text.includes('\n') ? token.text : gap(random);
    case 'other':
      return token.text === '<>' && random.chance(0.5) ? '!=' : token.text;
    case 'word': {
      const isName = before === '.' || before.toLowerCase() === 'as' || after === '.';
      if (columns.includes(token.text) && !isName && after !== '(') {
        const name = random.chance(0.2) ? `"${token.text}"` : anyCase(random, token.text);
        return qualifier !== null && random.chance(0.6) ? `${qualifier}.${name}` : name;
      }
      if (token.text === relation && before.toLowerCase() === 'from') return from;
      if (isName) return token.text;
      const types = TYPES[token.text];
      if (types !== undefined) return anyCase(random, random.pick(types));
      return anyCase(random, token.text);
    }
    default:
      return token.text;
  }
};

/** A source's statement, tags and all: other letters, other names of types. */
export const restyleSource = (text: string, random: Random): string => {
  const [tags, statement] = split(text);
  const columns: string[] = [];
  return (
    tags + restyleWords(tokens(statement), { random, columns, relation: '', isPlain: false, qualifier: null, from: '' })
  );
};

/** The leading comment, and the rest. */
export const split = (text: string): [string, string] => {
  const comment = /^(?:--[^\n]*\n)*/.exec(text)![0];
  return [comment, text.slice(comment.length)];
};
