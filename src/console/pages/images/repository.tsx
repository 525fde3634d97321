/** One repository: its tags, how much it holds, and the line that pulls it. */
import { useSignal } from '@preact/signals';
import { send } from '../../api/client.ts';
import type { Tag } from '../../api/images.ts';
import { useAnswer } from '../../api/live.ts';
import { printAge, printBytes, printCount, printDigest, printSome } from '../../parts/amounts.ts';
import { Empty } from '../../parts/await.tsx';
import { Button } from '../../parts/button.tsx';
import { DeleteButton } from '../../parts/dialog.tsx';
import { Choice } from '../../parts/field.tsx';
import { Listed, usePages } from '../../parts/pages.tsx';
import { PullLine } from '../../parts/pull-line.tsx';
import { report } from '../../parts/report.ts';
import { Table } from '../../parts/table.tsx';
import { linkTo, open } from '../../router.ts';
import { Details } from './details.tsx';

interface Named {
  /** Of the repository. */
  readonly name: string;
}

const SORTS = {
  '-pushed': 'The newest first',
  pushed: 'The oldest first',
  name: 'By name',
  '-name': 'By name, backwards',
};

export function Repository({ name }: Named) {
  const sort = useSignal('-pushed');
  const path = `/api/v1/repositories/${name}/tags?n=50&sort=${sort.value}`;
  const pages = usePages<Tag>('tags', path);
  const first = pages.loaded.value?.items[0];
  const remove = async () => {
    await send('DELETE', `/api/v1/repositories/${name}`);
    report('well', `The repository ${name} was deleted.`);
    open(linkTo('images'));
  };
  return (
    <div class="repository">
      <section class="card">
        <header>
          <h2>{name}</h2>
          <DeleteButton what={`the repository ${name}`} words="Delete…" onDelete={remove}>
            All its tags and images go, at every site. What other repositories hold stays.
          </DeleteButton>
        </header>
        <div class="inside form">
          <PullLine image={`${name}:${first?.name ?? 'latest'}`} />
          <Sizes name={name} />
        </div>
      </section>
      <section class="card" aria-label="Tags">
        <header>
          <h2>Tags</h2>
          <Choice
            label="Order"
            isLabelUnseen
            name="sort"
            value={sort.value}
            options={SORTS}
            onChange={(value) => (sort.value = value)}
          />
        </header>
        <Listed pages={pages}>
          {(tags) => <Tags name={name} tags={tags} onChange={pages.refresh} />}
        </Listed>
      </section>
    </div>
  );
}

interface Sized extends Named {
  readonly repositories: number;
  readonly manifests: number;
  readonly blobs: number;
  readonly sizeBytes: number;
}

/** Each content counted once. */
function Sizes({ name }: Named) {
  const { data } = useAnswer<Sized>(`/api/v1/sizes?tree=${encodeURIComponent(name)}`).value;
  const words = data
    ? `${printBytes(data.sizeBytes)} in ${printSome(data.manifests, 'manifest')} and ` +
      `${printSome(data.blobs, 'blob')}, each counted once`
    : 'Counting…';
  return <p class="soft">{words}</p>;
}

interface TagsProps extends Named {
  readonly tags: readonly Tag[];
  readonly onChange: () => unknown;
}

function Tags({ name, tags, onChange }: TagsProps) {
  const opened = useSignal<string | undefined>(undefined);
  if (tags.length === 0) return <NoTag name={name} />;
  const toggle = (tag: string) => (opened.value = opened.value === tag ? undefined : tag);
  return (
    <Table
      caption={`Tags of ${name}`}
      rows={tags}
      keyOf={(tag) => tag.name}
      columns={[
        { name: 'Tag', show: (tag) => <strong>{tag.name}</strong> },
        { name: 'Platforms', show: ({ platforms }) => <Platforms platforms={platforms} /> },
        { name: 'Size', isAmount: true, show: ({ sizeBytes }) => printBytes(sizeBytes) },
        { name: 'Pushed', show: (tag) => <Pushed tag={tag} /> },
        { name: 'Digest', show: ({ digest }) => <code title={digest}>{printDigest(digest)}</code> },
        {
          name: 'Actions',
          show: (tag) => (
            <div class="line tight">
              <Button
                look="quiet"
                isSquare
                icon={opened.value === tag.name ? 'up' : 'down'}
                onPress={() => toggle(tag.name)}
              >
                {`Details of ${tag.name}`}
              </Button>
              <DeleteTag name={name} tag={tag.name} onChange={onChange} />
            </div>
          ),
        },
      ]}
      below={(tag) => opened.value === tag.name && <Details name={name} tag={tag} />}
    />
  );
}

interface DeleteTagProps extends Named {
  readonly tag: string;
  readonly onChange: () => unknown;
}

function DeleteTag({ name, tag, onChange }: DeleteTagProps) {
  const remove = async () => {
    await send('DELETE', `/api/v1/tags/${name}:${tag}`);
    report('well', `The tag ${tag} was deleted.`);
    void onChange();
  };
  return (
    <DeleteButton what={`the tag ${tag}`} isSquare onDelete={remove}>
      {`${name}:${tag} can be pulled no more, at any site. What it points to stays for now.`}
    </DeleteButton>
  );
}

function NoTag({ name }: Named) {
  return (
    <Empty icon="images" title="No tags">
      Push one: <code>{`docker push ${location.host}/${name}:1`}</code>
    </Empty>
  );
}

function Platforms({ platforms }: Pick<Tag, 'platforms'>) {
  if (platforms.length === 0) return <span class="soft">one</span>;
  return (
    <span class="line tight">
      {platforms.slice(0, 3).map((platform) => (
        <span key={platform} class="badge">
          {platform}
        </span>
      ))}
      {platforms.length > 3 && <span class="soft">+{printCount(platforms.length - 3)}</span>}
    </span>
  );
}

function Pushed({ tag: { pushedAt, pushedBy } }: { readonly tag: Tag }) {
  return (
    <>
      <time dateTime={pushedAt} title={new Date(pushedAt).toLocaleString()}>
        {printAge(pushedAt)}
      </time>
      {pushedBy && <span class="soft"> by {pushedBy}</span>}
    </>
  );
}
