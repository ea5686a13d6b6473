import { readFileSync } from 'node:fs';

/** package.json stands one folder up in the sources and two up in dist/cli. */
function readVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const parsed: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
      if (
        typeof parsed === 'object' &&
        parsed !== null &&
        'name' in parsed &&
        parsed.name === 'fsc' &&
        'version' in parsed
      )
        return String(parsed.version);
    } catch {
      // the other place
    }
  }
  return '0.0.0';
}

export const VERSION = readVersion();
