import type { InputOptions, OutputOptions } from 'rolldown';

export function bundleTo(options: {
  readonly input: NonNullable<InputOptions['input']>;
  readonly output: OutputOptions;
  readonly logLevel: NonNullable<InputOptions['logLevel']>;
}): Promise<void>;
export function entriesOf(paths: readonly string[]): Record<string, string>;
export function bundle(name: string, paths: readonly string[]): Promise<(path: string) => Promise<unknown>>;
