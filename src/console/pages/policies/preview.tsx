/** What would go if the retentions ran now; and lets them, once somebody has seen it. */
import { useSignal } from '@preact/signals';
import { send } from '../../api/client.ts';
import type { RetentionReport } from '../../api/policies.ts';
import { printDigest, printSome } from '../../parts/amounts.ts';
import { Button } from '../../parts/button.tsx';
import { DialogButton } from '../../parts/dialog.tsx';
import { report } from '../../parts/report.ts';
import { Table } from '../../parts/table.tsx';
import { linkTo } from '../../router.ts';

/** More of them than anybody reads are counted alone. */
const SHOWN = 200;

export function Preview() {
  const planned = useSignal<RetentionReport | undefined>(undefined);
  const look = async () => {
    planned.value = await run(true);
  };
  const take = async () => {
    const { tags } = (await run(false))!;
    report('well', `${printSome(tags.length, 'tag was', 'tags were')} deleted.`);
    await look();
  };
  return (
    <div class="inside form">
      <div class="line">
        <Button icon="search" onPress={look}>
          Show what would go now
        </Button>
        <span class="soft" role="status">
          {planned.value && describe(planned.value)}
        </span>
        {planned.value && planned.value.tags.length > 0 && (
          <span class="far">
            <DialogButton
              title={`Delete ${printSome(planned.value.tags.length, 'tag')}?`}
              words="Delete them…"
              look="danger"
              action="Delete"
              isDanger
              onSubmit={take}
            >
              <p>What no retention keeps goes now, at every site, without waiting for the night.</p>
            </DialogButton>
          </span>
        )}
      </div>
      {planned.value && planned.value.tags.length > 0 && <Doomed planned={planned.value} />}
    </div>
  );
}

function run(dryRun: boolean): Promise<RetentionReport | undefined> {
  return send<RetentionReport>('POST', '/api/v1/retentions/run', { dryRun });
}

function describe({ tags, repositories, isWhole }: RetentionReport): string {
  const where = printSome(repositories, 'image');
  if (tags.length === 0) return `Nothing of ${where} would go.`;
  const more = isWhole ? '' : ', and more with the next run';
  return `${printSome(tags.length, 'tag')} of ${where} would go${more}.`;
}

function Doomed({ planned: { tags } }: { readonly planned: RetentionReport }) {
  return (
    <>
      <Table
        caption="What would go"
        rows={tags.slice(0, SHOWN)}
        keyOf={({ repository, tag }) => `${repository}:${tag}`}
        columns={[
          {
            name: 'Image',
            show: ({ repository }) => <a href={linkTo(`images/${repository}`)}>{repository}</a>,
          },
          { name: 'Tag', show: ({ tag }) => tag },
          { name: 'Digest', show: ({ digest }) => <code>{printDigest(digest)}</code> },
        ]}
      />
      {tags.length > SHOWN && <p class="soft">{`And ${tags.length - SHOWN} more.`}</p>}
    </>
  );
}
