/** Files of the project that its pages name are there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const pages = ['README.md', 'CONTRIBUTING.md', ...docs.map((name) => `docs/${name}`)];
const NAMED = /`((?:runtime|compiler|cli|tests|docs|scripts|schemas)\/[\w./-]+)`/g;
const LINKED = /\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g;

it.each(pages)('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const named = [...text.matchAll(NAMED)].map(([, path]) => path!);
  const linked = [...text.matchAll(LINKED)].map(([, path]) => join(page, '..', path!));
  for (const path of [...named, ...linked]) expect([path, existsSync(join(root, path))]).toEqual([path, true]);
});
