/** The budget: how long and wide things may be. A limit is lowered when it can be, never raised. */
import type { Source } from './sources.ts';

export const LIMITS = {
  fileLines: 300,
  fileLinesMedian: 110,
  fileLinesNinetieth: 220,
  testFileLines: 500,
  functionLines: 60,
  functionLinesMedian: 10,
  functionLinesNinetieth: 30,
  parameters: 3,
  collaborators: 4,
  filesPerFolder: 16,
  columns: 100,
  commentShareLeast: 0.12,
  commentShareMost: 0.2,
} as const;

export function isTest({ path }: Source): boolean {
  return path.startsWith('test/');
}

export function findLongFiles(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const limit = isTest(source) ? LIMITS.testFileLines : LIMITS.fileLines;
    const { path, lines } = source;
    if (lines.length <= limit) return [];
    return [`${path} has ${lines.length} lines, limit ${limit}: find the second thought in it.`];
  });
}

export function findWideLines(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, lines }) =>
    lines.flatMap((line, index) =>
      line.length > LIMITS.columns ? [`${path}:${index + 1} is ${line.length} columns wide.`] : [],
    ),
  );
}

export function findLongFunctions(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, functions }) =>
    functions
      .filter(({ lines, isSuite }) => lines > LIMITS.functionLines && !isSuite)
      .map(({ name, line, lines }) => `${path}:${line} ${name} has ${lines} lines: name steps.`),
  );
}

export function findManyParameters(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, functions }) =>
    functions
      .filter(({ parameters }) => parameters > LIMITS.parameters)
      .map(({ name, line, parameters }) => {
        return `${path}:${line} ${name} takes ${parameters} parameters: name them in one object.`;
      }),
  );
}

export function findManyCollaborators(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, classes }) =>
    classes
      .filter(({ collaborators }) => collaborators.length > LIMITS.collaborators)
      .map(({ name, collaborators }) => {
        return `${path}: ${name} works with ${collaborators.join(', ')}: it does two things.`;
      }),
  );
}

export function findFullFolders(sources: readonly Source[]): string[] {
  const files = new Map<string, number>();
  for (const { path } of sources) {
    const folder = path.slice(0, path.lastIndexOf('/'));
    files.set(folder, (files.get(folder) ?? 0) + 1);
  }
  const full = [...files].filter(([, count]) => count > LIMITS.filesPerFolder);
  return full.map(([folder, count]) => `${folder} has ${count} files: find the group in it.`);
}

/** The value that `share` of all values do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
}

/** Share of lines that are comment, blank lines left out. */
export function commentShare(sources: readonly Source[]): number {
  const lines = sources.flatMap((source) => source.lines).filter((line) => line.trim() !== '');
  return lines.filter((line) => /^\s*(?:\/\/|\/\*|\*)/.test(line)).length / lines.length;
}
