/** OVER, WINDOW and frames. */
import type { Frame, FrameBound, OrderItem, WindowRef, WindowSpec } from './ast.ts';
import { tokenSpan } from './cursor.ts';
import { readExpression, readList } from './expressions.ts';
import type { Grammar } from './grammar.ts';

export function readOrderBy(grammar: Grammar): readonly OrderItem[] {
  const { cursor } = grammar;
  cursor.expectWord('by', 'after `ORDER`');
  return readList(grammar, () => readOrderItem(grammar));
}

function readOrderItem(grammar: Grammar): OrderItem {
  const { cursor } = grammar;
  const start = cursor.token.start;
  const expr = readExpression(grammar);
  let direction: OrderItem['direction'] = 'asc';
  if (cursor.acceptWord('desc')) direction = 'desc';
  else cursor.acceptWord('asc');
  let nulls: OrderItem['nulls'] = null;
  if (cursor.acceptWord('nulls', 'first')) nulls = 'first';
  else if (cursor.acceptWord('nulls', 'last')) nulls = 'last';
  else if (cursor.atWord('nulls')) {
    cursor.advance();
    return cursor.expected('`FIRST` or `LAST`', 'after `NULLS`');
  }
  return { span: cursor.spanFrom(start), expr, direction, nulls };
}

/** After OVER. */
export function readWindowRef(grammar: Grammar): WindowRef {
  const { cursor } = grammar;
  const start = cursor.token.start;
  if (!cursor.atPunctuation('(')) {
    const name = cursor.name('a window name or `(`');
    return { kind: 'named', span: name.span, name };
  }
  const spec = readWindowSpec(grammar);
  return { kind: 'inline', span: cursor.spanFrom(start), spec };
}

/** With its parentheses. */
export function readWindowSpec(grammar: Grammar): WindowSpec {
  const { cursor } = grammar;
  const start = cursor.token.start;
  cursor.expect('(', 'before a window');
  const clause = cursor.atWord('partition', 'order', 'range', 'rows', 'groups') || cursor.atPunctuation(')');
  const base = clause ? null : cursor.name('`PARTITION BY`, `ORDER BY` or a frame');
  let partitionBy: WindowSpec['partitionBy'] = [];
  if (cursor.acceptWord('partition')) {
    cursor.expectWord('by', 'after `PARTITION`');
    partitionBy = readList(grammar, () => readExpression(grammar));
  }
  const orderBy = cursor.acceptWord('order') ? readOrderBy(grammar) : [];
  const frame = cursor.atWord('range', 'rows', 'groups') ? readFrame(grammar) : null;
  if (cursor.atWord('partition') || (frame !== null && cursor.atWord('order'))) {
    const word = `${cursor.token.text.toUpperCase()} BY`;
    return cursor.fail('FSC1022', tokenSpan(cursor.token), `\`${word}\` stands too late`, {
      label: 'too late',
      cause: 'the order in a window is PARTITION BY, ORDER BY, frame',
      help: `move \`${word}\` before ${cursor.atWord('partition') ? '`ORDER BY`' : 'the frame'}`,
    });
  }
  if (!cursor.accept(')')) return cursor.expected(expectedInWindow(partitionBy.length, orderBy.length, frame), '');
  return { span: cursor.spanFrom(start), base, partitionBy, orderBy, frame };
}

function expectedInWindow(partitions: number, orders: number, frame: Frame | null): string {
  if (frame !== null) return '`)` after the frame';
  if (orders > 0) return '`,`, a frame (`RANGE`, `ROWS`) or `)`';
  return partitions > 0 ? '`,`, `ORDER BY` or `)`' : '`PARTITION BY`, `ORDER BY` or `)`';
}

function readFrame(grammar: Grammar): Frame {
  const { cursor } = grammar;
  const start = cursor.token.start;
  const mode = cursor.advance().text as Frame['mode'];
  let first: FrameBound;
  let last: FrameBound;
  if (cursor.acceptWord('between')) {
    first = readBound(grammar);
    cursor.expectWord('and', "between a frame's bounds");
    last = readBound(grammar);
  } else {
    first = readBound(grammar);
    last = { kind: 'currentRow', span: cursor.spanFrom(start) };
  }
  const exclude = readExclude(grammar);
  return { span: cursor.spanFrom(start), mode, start: first, end: last, exclude };
}

function readBound(grammar: Grammar): FrameBound {
  const { cursor } = grammar;
  const start = cursor.token.start;
  if (cursor.acceptWord('unbounded', 'preceding')) return { kind: 'unboundedPreceding', span: cursor.spanFrom(start) };
  if (cursor.acceptWord('unbounded', 'following')) return { kind: 'unboundedFollowing', span: cursor.spanFrom(start) };
  if (cursor.acceptWord('current', 'row')) return { kind: 'currentRow', span: cursor.spanFrom(start) };
  const offset = readExpression(grammar);
  if (cursor.acceptWord('preceding')) return { kind: 'preceding', span: cursor.spanFrom(start), offset };
  if (cursor.acceptWord('following')) return { kind: 'following', span: cursor.spanFrom(start), offset };
  return cursor.expected('`PRECEDING` or `FOLLOWING`', "after a frame bound's distance");
}

function readExclude(grammar: Grammar): Frame['exclude'] {
  const { cursor } = grammar;
  const start = cursor.token.start;
  if (!cursor.acceptWord('exclude')) return null;
  if (cursor.acceptWord('current', 'row')) return { span: cursor.spanFrom(start), what: 'current row' };
  if (cursor.acceptWord('group')) return { span: cursor.spanFrom(start), what: 'group' };
  if (cursor.acceptWord('ties')) return { span: cursor.spanFrom(start), what: 'ties' };
  if (cursor.acceptWord('no', 'others')) return { span: cursor.spanFrom(start), what: 'no others' };
  return cursor.expected('`CURRENT ROW`, `GROUP` or `TIES`', 'after `EXCLUDE`');
}
