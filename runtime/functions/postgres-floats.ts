/**
 * Arithmetic of doubles in Postgres, which raises where a result overflows and where it underflows to 0: here the one is NULL and the other
 * 0, as everywhere. What would be raised is foreseen by scaling the operands with powers of two, which is exact. No function is defined here.
 */
import { noMinusZero, postgresOnce, postgresReal, postgresSpecial, twoTo } from './support.ts';

type FloatOperator = '+' | '-' | '*' | '/';

/** `b` of a division is not 0. */
export function postgresFloats(op: FloatOperator, a: string, b: string, isReal: boolean): string {
  // Reals have room in doubles for every sum, product and quotient of theirs.
  if (isReal)
    return postgresOnce([`CAST(${a} AS double precision) ${op} CAST(${b} AS double precision)`], null, ([r = '']) =>
      postgresReal(r),
    );
  return postgresOnce([a, b], 'double precision', ([x = '', y = '']) => guarded(op, x, y));
}

/** `test` is looked at only where `condition` holds; the order in which AND is evaluated is open. */
function where(condition: string, test: string): string {
  return `CASE WHEN ${condition} THEN ${test} ELSE FALSE END`;
}

function guarded(op: FloatOperator, x: string, y: string): string {
  const special = `${x} IS NULL OR ${y} IS NULL OR ${postgresSpecial(x)} OR ${postgresSpecial(y)}`;
  const result = noMinusZero(`${x} ${op} ${y}`);
  switch (op) {
    case '+':
    case '-':
      return `CASE WHEN ${special} THEN ${result} WHEN ${sumOverflows(op, x, y)} THEN NULL ELSE ${result} END`;
    case '*':
      return `CASE WHEN ${special} OR ${x} = 0 OR ${y} = 0 THEN ${result} WHEN ${productOverflows(x, y)} THEN NULL WHEN ${productVanishes(x, y)} THEN 0 ELSE ${result} END`;
    case '/':
      return `CASE WHEN ${special} OR ${x} = 0 THEN ${result} WHEN ${quotientOverflows(x, y)} THEN NULL WHEN ${quotientVanishes(x, y)} THEN 0 ELSE ${result} END`;
  }
}

/** The halves of large operands add up to 2^1023. A small one can't tip the scale, and halving it could underflow. */
function sumOverflows(op: '+' | '-', x: string, y: string): string {
  const half = (name: string): string =>
    `CASE WHEN abs(${name}) < 1 THEN 0 ELSE ${name} * CAST('0.5' AS double precision) END`;
  const large = `abs(${x}) >= ${twoTo(1022)} OR abs(${y}) >= ${twoTo(1022)}`;
  return where(large, `abs(${half(x)} ${op} ${half(y)}) >= ${twoTo(1023)}`);
}

function productOverflows(x: string, y: string): string {
  const [large, small] = [`greatest(abs(${x}), abs(${y}))`, `least(abs(${x}), abs(${y}))`];
  const scaled = where(`${small} < ${twoTo(512)}`, `${large} * ${twoTo(-512)} * ${small} >= ${twoTo(512)}`);
  return where(`${large} >= ${twoTo(512)}`, `${small} >= ${twoTo(512)} OR ${scaled}`);
}

function productVanishes(x: string, y: string): string {
  const [large, small] = [`greatest(abs(${x}), abs(${y}))`, `least(abs(${x}), abs(${y}))`];
  return where(
    `${large} < 1 AND ${small} < ${twoTo(-537)}`,
    `(${large} * ${twoTo(537)}) * (${small} * ${twoTo(537)}) <= CAST('0.5' AS double precision)`,
  );
}

function quotientOverflows(x: string, y: string): string {
  return where(
    `abs(${y}) < 1 AND abs(${x}) >= ${twoTo(-50)}`,
    `abs(${x}) * ${twoTo(-512)} >= abs(${y}) * ${twoTo(512)}`,
  );
}

function quotientVanishes(x: string, y: string): string {
  return where(
    `abs(${y}) > 1 AND abs(${x}) < ${twoTo(-50)}`,
    `abs(${x}) * ${twoTo(563)} <= abs(${y}) * ${twoTo(-512)}`,
  );
}

/** x to the power of y, NULL where there is none. */
export function postgresPower(a: string, b: string): string {
  return postgresOnce([a, b], 'double precision', ([x = '', y = '']) => noMinusZero(power(x, y)));
}

function power(x: string, y: string): string {
  const infinity = `CAST('Infinity' AS double precision)`;
  const minusInfinity = `CAST('-Infinity' AS double precision)`;
  const finite = (name: string): string => `NOT (${postgresSpecial(name)})`;
  const half = `${y} * CAST('0.5' AS double precision)`;
  const isOdd = where(`${finite(y)} AND ${y} = floor(${y})`, `${half} <> floor(${half})`);
  return [
    `CASE WHEN ${x} IS NULL OR ${y} IS NULL THEN NULL WHEN ${x} = 'NaN' OR ${y} = 'NaN' THEN power(${x}, ${y})`,
    `WHEN ${y} = 0 OR ${x} = 1 THEN 1`,
    `WHEN ${x} = 0 THEN CASE WHEN ${y} > 0 THEN 0 END`,
    `WHEN ${x} = ${minusInfinity} THEN CASE WHEN ${y} < 0 THEN 0 WHEN ${isOdd} THEN ${minusInfinity} ELSE ${infinity} END`,
    `WHEN ${x} < 0 AND ${finite(y)} AND ${y} <> floor(${y}) THEN NULL`,
    `WHEN ${postgresSpecial(x)} OR ${postgresSpecial(y)} THEN power(${x}, ${y})`,
    `WHEN abs(${x}) = 1 THEN CASE WHEN ${isOdd} THEN -1 ELSE 1 END`,
    // Of such exponents the size of the base alone decides.
    `WHEN abs(${y}) > 1e19 THEN CASE WHEN (${y} < 0) <> (abs(${x}) > 1) THEN NULL ELSE 0 END`,
    `WHEN abs(${y}) < 1e-20 THEN 1`,
    `ELSE ${finitePower(x, y, isOdd)} END`,
  ].join(' ');
}

/** Near the ends of the range, by way of its root. */
function finitePower(x: string, y: string, isOdd: string): string {
  const log = `${y} * ln(abs(${x}))`;
  const root = `power(abs(${x}), ${y} * CAST('0.5' AS double precision))`;
  const square = postgresOnce([root], null, ([r = '']) => guarded('*', r, r), 'root');
  return postgresOnce(
    [log],
    null,
    ([z = '']) =>
      `CASE WHEN abs(${z}) < 700 THEN power(${x}, ${y}) WHEN ${z} > 710 THEN NULL WHEN ${z} < -746 THEN 0 ELSE ${square} * CASE WHEN ${isOdd} AND ${x} < 0 THEN -1 ELSE 1 END END`,
    'log',
  );
}
