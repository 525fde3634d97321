/** Lists with columns; on a phone each row stands by itself, with the names beside. */
import type { ComponentChildren } from 'preact';

interface Column<Row> {
  readonly name: string;
  readonly show: (row: Row) => ComponentChildren;
  /** Amounts stand at the right, so that digits stand below digits. */
  readonly isAmount?: boolean;
}

interface TableProps<Row> {
  /** What it lists, for those who hear it. */
  readonly caption: string;
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly columns: readonly Column<Row>[];
  /** Stands below a row, over its whole width. */
  readonly below?: (row: Row) => ComponentChildren;
}

export function Table<Row>({ caption, rows, keyOf, columns, below }: TableProps<Row>) {
  return (
    <table class="table">
      <caption class="unseen">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ name, isAmount }) => (
            <th key={name} scope="col" class={isAmount ? 'amount' : ''}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      {rows.map((row) => {
        const more = below?.(row);
        return (
          <tbody key={keyOf(row)}>
            <tr>
              {columns.map(({ name, show, isAmount }) => (
                <td key={name} data-name={name} class={isAmount ? 'amount' : ''}>
                  <div>{show(row)}</div>
                </td>
              ))}
            </tr>
            {more && (
              <tr class="below">
                <td colSpan={columns.length}>{more}</td>
              </tr>
            )}
          </tbody>
        );
      })}
    </table>
  );
}
