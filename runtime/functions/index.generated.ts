// Written by scripts/generate-functions.mjs; run it after adding a function.
import { add, divide, modulo, multiply, negate, subtract } from './arithmetic.ts';
import { boolAnd, boolOr } from './bool.ts';
import { cast } from './cast.ts';
import { eq, ge, greatest, gt, isDistinct, le, least, lt, ne } from './comparison.ts';
import { count, countStar } from './count.ts';
import type { AggregateFunction, ScalarFunction } from './definition.ts';
import { max, min } from './extreme.ts';
import { abs, ceil, exp, floor, ln, power, round, sign, sqrt, trunc } from './math.ts';
import { earliest, latest } from './pick.ts';
import { avg, sum } from './sum.ts';
import { addTemporal, datePart, dateTrunc, scaleInterval, subtractTemporal } from './temporal.ts';
import { concat, length, like, lower, replace, startsWith, substr, trim, upper } from './text.ts';
import { stddevPop, stddevSamp, varPop, varSamp } from './variance.ts';

export const SCALARS: readonly ScalarFunction[] = [
  add,
  subtract,
  multiply,
  divide,
  modulo,
  negate,
  cast,
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
  isDistinct,
  greatest,
  least,
  abs,
  round,
  trunc,
  floor,
  ceil,
  sign,
  sqrt,
  exp,
  ln,
  power,
  dateTrunc,
  datePart,
  addTemporal,
  subtractTemporal,
  scaleInterval,
  lower,
  upper,
  length,
  trim,
  replace,
  startsWith,
  substr,
  concat,
  like,
];

export const AGGREGATES: readonly AggregateFunction[] = [
  boolAnd,
  boolOr,
  countStar,
  count,
  min,
  max,
  latest,
  earliest,
  sum,
  avg,
  varSamp,
  varPop,
  stddevSamp,
  stddevPop,
];
