/**
 * The typed client of a project: `generated/client/index.js`, which hands the generated views to `fsc/runtime`, and `index.d.ts`, which
 * says what their keys and rows are. Text from SQL stands only in string literals and in escaped comments.
 */
import type { ColumnSpec, EntityColumnSpec, FeatureSpec } from '../../../runtime/values/manifest.ts';
import { printType, type SqlType } from '../../../runtime/values/types.ts';
import type { ProjectPlan, ViewPlan } from '../../plan/plan.ts';
import { jsString } from '../js/escape.ts';
import { docComment } from './doc-comment.ts';
import { isNeverNullOutput } from './never-null.ts';
import { CLIENT_TYPES } from './types-text.ts';

export interface ClientFile {
  readonly path: string;
  readonly text: string;
}

export function emitClient(plan: ProjectPlan): { files: ClientFile[] } {
  const views = [...plan.views].sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
  return {
    files: [
      { path: 'generated/client/index.js', text: moduleText(views) },
      { path: 'generated/client/index.d.ts', text: typesText(views) },
    ],
  };
}

function moduleText(views: readonly ViewPlan[]): string {
  // A name may hold what means something in a module specifier, which is a URL.
  const specifier = (view: ViewPlan): string => jsString(`../stream/${encodeURIComponent(view.spec.name)}.js`);
  return `import * as rt from 'fsc/runtime';
import { sources } from '../stream/sources.js';
${views.map((view, i) => `import { view as view${i} } from ${specifier(view)};\n`).join('')}
const definition = { sources, views: [${views.map((_, i) => `view${i}`).join(', ')}] };

export function connect(options = {}) {
  return rt.connectClient(definition, new URL('../../', import.meta.url), options);
}
`;
}

function typesText(views: readonly ViewPlan[]): string {
  return `${CLIENT_TYPES}
/** Keys and rows of each view. */
export interface Views {
${views.map(viewText).join('')}}
`;
}

function viewText(view: ViewPlan): string {
  const { spec } = view;
  const owner = spec.owner === null ? [] : [`Owner: ${spec.owner}`];
  return `${docComment('  ', [spec.description, ...owner])}  readonly ${jsString(spec.name)}: {
    readonly key: {
${view.kind === 'request' ? view.request.columns.map(requestField).join('') : spec.entity.map(keyField).join('')}    };
    readonly row: {
${outputsOf(view).map(rowField).join('')}    };
  };
`;
}

function keyField(column: EntityColumnSpec): string {
  return `      readonly ${jsString(column.name)}: ${givenType(column.type)};\n`;
}

function requestField(column: ColumnSpec): string {
  const optional = column.nullable || column.hasDefault ? '?' : '';
  const missing = optional === '' ? '' : ' | undefined';
  const doc = docComment('      ', [column.description, printType(column.type)]);
  return `${doc}      readonly ${jsString(column.name)}${optional}: ${givenType(column.type)}${column.nullable ? ' | null' : ''}${missing};\n`;
}

interface OutputField {
  readonly spec: EntityColumnSpec | FeatureSpec;
  readonly neverNull: boolean;
}

/** In SELECT order. */
function outputsOf(view: ViewPlan): readonly OutputField[] {
  const { entity, features } = view.spec;
  return [
    ...entity.map((spec) => ({ spec, neverNull: true })),
    ...features.map((spec) => ({ spec, neverNull: isNeverNullOutput(view, spec.ordinal) })),
  ].sort((a, b) => a.spec.ordinal - b.spec.ordinal);
}

function rowField({ spec, neverNull }: OutputField): string {
  const description = 'description' in spec ? spec.description : null;
  const doc = docComment('      ', [description, printType(spec.type)]);
  return `${doc}      readonly ${jsString(spec.name)}: ${takenType(spec.type)}${neverNull ? '' : ' | null'};\n`;
}

/** What a caller may give: whatever has all its digits. */
function givenType(type: SqlType): string {
  switch (type.kind) {
    case 'bigint':
      return 'bigint | number';
    case 'decimal':
      return 'string | number | bigint';
    case 'timestamp':
    case 'timestamptz':
      return 'string | Date';
    default:
      return takenType(type);
  }
}

function takenType(type: SqlType): string {
  switch (type.kind) {
    case 'smallint':
    case 'integer':
    case 'real':
    case 'double':
      return 'number';
    case 'bigint':
      return 'bigint';
    case 'boolean':
      return 'boolean';
    default:
      return 'string';
  }
}
