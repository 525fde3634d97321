/** What fails at a site, with the reason, and the button that brings it after all. */
import { useLive } from '../../api/live.ts';
import type { Site } from '../../api/sites.ts';
import { printBytes, printDigest, printDuration } from '../../parts/amounts.ts';
import { Await, Empty } from '../../parts/await.tsx';
import { Button } from '../../parts/button.tsx';
import { Table } from '../../parts/table.tsx';
import { giveOrder } from './controls.tsx';
import { AskThere, isElsewhere } from './elsewhere.tsx';

interface Failure {
  readonly digest: string;
  readonly repository: string;
  readonly sizeBytes: number;
  readonly lane: string;
  readonly attempts: number;
  readonly reason: string;
  readonly message: string;
  readonly nextTryAt: string;
}

const ASK_EVERY_MS = 3000;

export function Failures({ site }: { readonly site: Site }) {
  const path = `/api/v1/sites/${site.name}/failures?n=100`;
  const asked = useLive<{ readonly failures: readonly Failure[] }>(path, ASK_EVERY_MS);
  return (
    <section class="card" aria-labelledby="failures">
      <header>
        <h2 id="failures">What fails</h2>
      </header>
      {isElsewhere(asked.value) ? (
        <AskThere site={site} />
      ) : (
        <Await asked={asked}>
          {({ failures }) =>
            failures.length === 0 ? <NoFailure /> : <List site={site} failures={failures} />
          }
        </Await>
      )}
    </section>
  );
}

function NoFailure() {
  return (
    <Empty icon="done" title="Nothing fails">
      Each transfer that was begun was finished, or is under way.
    </Empty>
  );
}

function List({ site, failures }: { readonly site: Site; readonly failures: readonly Failure[] }) {
  return (
    <Table
      caption={`Transfers that failed at ${site.name}`}
      rows={failures}
      keyOf={({ digest }) => digest}
      columns={[
        { name: 'Repository', show: ({ repository }) => repository },
        { name: 'Blob', show: ({ digest }) => <code title={digest}>{printDigest(digest)}</code> },
        { name: 'Size', isAmount: true, show: ({ sizeBytes }) => printBytes(sizeBytes) },
        { name: 'Why', show: (failure) => <Reason failure={failure} /> },
        { name: 'Next try', show: ({ nextTryAt }) => printUntil(nextTryAt) },
        {
          name: 'Actions',
          show: ({ repository }) => <Again site={site} repository={repository} />,
        },
      ]}
    />
  );
}

function Reason({ failure: { reason, message, attempts } }: { readonly failure: Failure }) {
  return (
    <>
      <span class="badge ill">{reason}</span> {message}{' '}
      <span class="soft small">{attempts === 1 ? 'tried once' : `tried ${attempts} times`}</span>
    </>
  );
}

function Again({ site, repository }: { readonly site: Site; readonly repository: string }) {
  return (
    <Button icon="refresh" onPress={() => giveOrder(site.name, { kind: 'resync', repository })}>
      Bring again
    </Button>
  );
}

function printUntil(time: string): string {
  const seconds = (Date.parse(time) - Date.now()) / 1000;
  return seconds <= 0 ? 'now' : `in ${printDuration(seconds)}`;
}
