export function transpile(name: string, files: readonly string[]): string;
