/** Request views of a life: what a caller sends, beside some views by their keys (design.md, shape D). */
import { type Declaration, featuresOf, keysOf, type View, viewName } from './declaration.ts';

export const REQUEST_SOURCE = 'ask';

export interface Join {
  /** With its version. One that the project does not have is left out. */
  readonly view: string;
  readonly isInner: boolean;
}

export interface Request {
  readonly name: string;
  readonly version: number;
  readonly joins: readonly Join[];
  /** Entities without a row have 0 events. */
  readonly isCold: boolean;
  readonly remark: number;
}

/** What a caller sends. */
export interface Ask {
  readonly card: string;
  readonly kind: string;
  readonly weight: number;
}

export const ASK_COLUMNS = ['card', 'kind', 'weight'] as const;

export function requestSourceText(): string {
  return `-- @kind request\nCREATE TABLE ${REQUEST_SOURCE} (\n  card text NOT NULL,\n  kind text,\n  weight integer\n);\n`;
}

/** A view that a request joins, as it is declared now. */
export interface Joined {
  readonly join: Join;
  readonly view: View;
  readonly declared: Declaration;
}

export function requestText({ isCold, remark }: Request, joined: readonly Joined[]): string {
  const columns = joined.flatMap((one, i) => columnsOf(one, `j${i}`, isCold));
  const joins = joined.map(({ join, view }, i) => {
    const on = keysOf(view).map((key) => `j${i}.${key} = r.${key}`);
    return `${join.isInner ? '' : 'LEFT '}JOIN ${viewName(view)} j${i} ON ${on.join(' AND ')}`;
  });
  const own = ['r.card', 'r.weight * 2 AS doubled'];
  return `-- remark ${remark}\nSELECT ${[...own, ...columns].join(',\n  ')}\nFROM ${REQUEST_SOURCE} r\n${joins.join('\n')}\n`;
}

const COUNTS = ['n', 'n_1h', 'kinds_2h', 'hour_before'];

function columnsOf({ view, declared }: Joined, alias: string, isCold: boolean): readonly string[] {
  const age = view.shape === 'rows' ? [`extract(epoch FROM now() - ${alias}.ts) AS ${alias}_age`] : [];
  const plain = featuresOf(view, declared).map((name) => {
    const value = `${alias}.${name}`;
    return `${isCold && COUNTS.includes(name) ? `coalesce(${value}, 0) * r.weight` : value} AS ${alias}_${name}`;
  });
  return [...plain, ...age];
}
