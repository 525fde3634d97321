/** What operator's commands write: sentences, and tables of what there is; or JSON alone. */

/** What a command found out, where it shall be written as JSON. */
let kept: Record<string, unknown> | undefined;

/** From here on sentences and tables are silent, and what is kept is printed at the end. */
export function speakJson(): void {
  kept = {};
}

/** Notes an answer of the site, or what the command made itself; the later ones win. */
export function keepAnswer(answer: unknown): void {
  if (kept && typeof answer === 'object') Object.assign(kept, answer);
}

export function printKept(): void {
  if (kept) process.stdout.write(`${JSON.stringify(kept)}\n`);
}

export function say(text: string): void {
  if (!kept) process.stdout.write(`${text}\n`);
}

/** A table with a head; one sentence where it would be empty. */
export async function printTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<void> {
  if (kept) return;
  if (rows.length === 0) return say('There are none.');
  const { default: Table } = await import('cli-table3');
  const table = new Table({ head: [...head], style: { head: [], border: [] } });
  table.push(...rows.map((row) => [...row]));
  return say(table.toString());
}
