/** What operator's commands write: sentences, and tables of what there is. */

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A table with a head; one sentence where it would be empty. */
export async function printTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<void> {
  if (rows.length === 0) return say('There are none.');
  const { default: Table } = await import('cli-table3');
  const table = new Table({ head: [...head], style: { head: [], border: [] } });
  table.push(...rows.map((row) => [...row]));
  return say(table.toString());
}
