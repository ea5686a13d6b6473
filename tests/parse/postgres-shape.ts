/** Trees of the real Postgres grammar (libpg-query) as the same nested lists as `own-shape.ts` makes. */
import { chain, negate, type Shape } from './own-shape.ts';

type Node = Record<string, unknown>;

function asNode(value: unknown): Node {
  return value as Node;
}

function nodes(value: unknown): readonly Node[] {
  return (value ?? []) as readonly Node[];
}

function sval(node: unknown): string {
  return (asNode(asNode(node).String).sval ?? '') as string;
}

const OPTIONAL = (value: unknown): Shape => (value === undefined ? null : pgExpr(asNode(value)));

export function pgExpr(wrapped: Node): Shape {
  const [kind, inner] = Object.entries(wrapped)[0]!;
  const node = asNode(inner);
  switch (kind) {
    case 'A_Const':
      return constantShape(node);
    case 'ColumnRef':
      return ['column', ...nodes(node.fields).map((field) => ('A_Star' in field ? '*' : sval(field)))];
    case 'TypeCast':
      return ['cast', pgExpr(asNode(node.arg)), typeShape(asNode(node.typeName))];
    case 'BoolExpr': {
      const args = nodes(node.args).map(pgExpr);
      if (node.boolop === 'NOT_EXPR') return ['not', args[0]!];
      return chain(node.boolop === 'AND_EXPR' ? 'and' : 'or', args);
    }
    case 'A_Expr':
      return operatorShape(node);
    case 'NullTest':
      return ['isnull', node.nulltesttype === 'IS_NOT_NULL', pgExpr(asNode(node.arg))];
    case 'BooleanTest':
      return ['isbool', node.booltesttype as string, pgExpr(asNode(node.arg))];
    case 'CaseExpr':
      return [
        'case',
        OPTIONAL(node.arg),
        ...nodes(node.args).map((when) => [
          pgExpr(asNode(asNode(when.CaseWhen).expr)),
          pgExpr(asNode(asNode(when.CaseWhen).result)),
        ]),
        OPTIONAL(node.defresult),
      ];
    case 'CoalesceExpr':
      return ['call', 'coalesce', ...nodes(node.args).map(pgExpr)];
    case 'MinMaxExpr':
      return ['call', node.op === 'IS_GREATEST' ? 'greatest' : 'least', ...nodes(node.args).map(pgExpr)];
    case 'SQLValueFunction':
      return [
        'bare',
        (node.op as string)
          .replace(/^SVFOP_/, '')
          .replace(/_N$/, '')
          .toLowerCase(),
      ];
    case 'FuncCall':
      return callShape(node);
    case 'A_Indirection': {
      let operand = pgExpr(asNode(node.arg));
      for (const step of nodes(node.indirection))
        operand = ['subscript', operand, pgExpr(asNode(asNode(step.A_Indices).uidx))];
      return operand;
    }
    default:
      return ['other', kind];
  }
}

function constantShape(node: Node): Shape {
  if (node.isnull === true) return ['null'];
  if ('ival' in node) return ['int', (asNode(node.ival).ival ?? 0) as number];
  if ('fval' in node) return ['float', asNode(node.fval).fval as string];
  if ('boolval' in node) return ['bool', asNode(node.boolval).boolval === true];
  return ['string', (asNode(node.sval).sval ?? '') as string];
}

function typeShape(node: Node): Shape {
  const name = sval(nodes(node.names).at(-1));
  return [
    'type',
    name,
    ...nodes(node.typmods).map((mod) => (constantShape(asNode(mod.A_Const)) as readonly Shape[])[1]!),
  ];
}

function operatorShape(node: Node): Shape {
  const op = sval(nodes(node.name)[0]);
  const left = OPTIONAL(node.lexpr);
  const list = (): Shape[] => nodes(asNode(asNode(node.rexpr).List).items).map(pgExpr);
  switch (node.kind) {
    case 'AEXPR_IN':
      return ['in', op === '<>', left, ...list()];
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN':
      return ['between', node.kind === 'AEXPR_NOT_BETWEEN', left, ...list()];
    case 'AEXPR_LIKE':
      return ['like', op === '!~~', left, pgExpr(asNode(node.rexpr))];
    case 'AEXPR_DISTINCT':
    case 'AEXPR_NOT_DISTINCT':
      return ['distinct', node.kind === 'AEXPR_NOT_DISTINCT', left, pgExpr(asNode(node.rexpr))];
    case 'AEXPR_NULLIF':
      return ['call', 'nullif', left, pgExpr(asNode(node.rexpr))];
    default: {
      const right = pgExpr(asNode(node.rexpr));
      if (node.lexpr !== undefined) return ['op', op, left, right];
      return op === '-' ? negate(right) : ['op', op, right];
    }
  }
}

function callShape(node: Node): Shape {
  const name = sval(nodes(node.funcname).at(-1));
  const extra: Shape[] = [];
  if (node.agg_star === true) extra.push('star');
  if (node.agg_distinct === true) extra.push('distinct');
  if (node.agg_order !== undefined) extra.push(['order', ...nodes(node.agg_order).map(orderShape)]);
  if (node.agg_filter !== undefined) extra.push(['filter', pgExpr(asNode(node.agg_filter))]);
  if (node.over !== undefined) {
    const over = asNode(node.over);
    extra.push(['over', over.name === undefined ? windowShape(over) : ['named', over.name as string]]);
  }
  return ['call', name, ...nodes(node.args).map(pgExpr), ...extra];
}

function orderShape(wrapped: Node): Shape {
  const node = asNode(wrapped.SortBy);
  const nulls = { SORTBY_NULLS_FIRST: 'first', SORTBY_NULLS_LAST: 'last' }[node.sortby_nulls as string] ?? null;
  return [pgExpr(asNode(node.node)), node.sortby_dir === 'SORTBY_DESC' ? 'desc' : 'asc', nulls];
}

function windowShape(node: Node): Shape {
  return [
    'window',
    (node.refname ?? null) as string | null,
    ['partition', ...nodes(node.partitionClause).map(pgExpr)],
    ['order', ...nodes(node.orderClause).map(orderShape)],
    (node.frameOptions as number) & ~0x10,
    OPTIONAL(node.startOffset),
    OPTIONAL(node.endOffset),
  ];
}

export function pgQuery(select: Node): Shape {
  const ctes = nodes(asNode(select.withClause ?? {}).ctes).map((wrapped) => {
    const cte = asNode(wrapped.CommonTableExpr);
    return [
      cte.ctename as string,
      nodes(cte.aliascolnames).map(sval),
      pgQuery(asNode(asNode(cte.ctequery).SelectStmt)),
    ];
  });
  return ['query', ctes, selectShape(select)];
}

function selectShape(select: Node): Shape {
  const distinct =
    select.distinctClause === undefined ? null : Object.keys(nodes(select.distinctClause)[0] ?? {}).length > 0;
  return [
    'select',
    distinct,
    nodes(select.targetList).map((wrapped) => {
      const target = asNode(wrapped.ResTarget);
      return [(target.name ?? null) as string | null, pgExpr(asNode(target.val))];
    }),
    nodes(select.fromClause).map(fromShape),
    OPTIONAL(select.whereClause),
    nodes(select.groupClause).map(pgExpr),
    OPTIONAL(select.havingClause),
    nodes(select.windowClause).map((wrapped) => {
      const window = asNode(wrapped.WindowDef);
      return [window.name as string, windowShape(window)];
    }),
    nodes(select.sortClause).map(orderShape),
    select.limitCount !== undefined,
    select.limitOffset !== undefined,
  ];
}

const JOINS: Record<string, string> = {
  JOIN_INNER: 'inner',
  JOIN_LEFT: 'left',
  JOIN_RIGHT: 'right',
  JOIN_FULL: 'full',
};

function fromShape(wrapped: Node): Shape {
  const alias = (node: Node): string | null => (asNode(node.alias ?? {}).aliasname ?? null) as string | null;
  if ('RangeVar' in wrapped) {
    const node = asNode(wrapped.RangeVar);
    return ['table', (node.schemaname ?? null) as string | null, node.relname as string, alias(node)];
  }
  if ('RangeSubselect' in wrapped) {
    const node = asNode(wrapped.RangeSubselect);
    return ['subquery', node.lateral === true, pgQuery(asNode(asNode(node.subquery).SelectStmt)), alias(node)];
  }
  if (!('JoinExpr' in wrapped)) return ['other', Object.keys(wrapped)[0]!];
  const node = asNode(wrapped.JoinExpr);
  const using = node.usingClause === undefined ? null : nodes(node.usingClause).map(sval);
  return [
    'join',
    JOINS[node.jointype as string]!,
    fromShape(asNode(node.larg)),
    fromShape(asNode(node.rarg)),
    OPTIONAL(node.quals),
    using,
  ];
}
