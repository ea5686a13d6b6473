/** `fsc/runtime`: what generated stream modules stand on, and how a program is loaded from their text. */
export { connectClient } from './serving/client-runtime.ts';
export { kernels } from './state/kernels.ts';
export { loadProgram } from './state/load.ts';
export type {
  ErrorCounter,
  FutureWalk,
  GroupProgram,
  GroupState,
  Program,
  ProjectInput,
  StateImage,
  ViewProgram,
} from './state/program.ts';
export * from './state/rt.ts';
export type { ColumnBatch, ColumnVector, NumericVector, TextVector } from './values/batch.ts';
export type { SourceSpec, ViewSpec } from './values/manifest.ts';
export type { IntervalValue, SqlType, SqlTypeKind, Value } from './values/types.ts';
