import type { DiagnosticSink, SourceText } from '../diagnostics/diagnostic.ts';
import type { Query } from './ast.ts';
import type { TableDefinition } from './create-table.ts';
import type { Statement } from './statements.ts';

export type Reading =
  | { readonly kind: 'query'; readonly query: Query }
  | { readonly kind: 'table'; readonly table: TableDefinition };

export function compareReadings(
  _file: SourceText,
  _statement: Statement,
  _reading: Reading,
  _sink: DiagnosticSink,
): void {}
