/** At which sites an image is whole. */
import { useSignal } from '@preact/signals';
import { useLive } from '../../api/live.ts';
import { printAge, printBytes, printDigest, printSome } from '../../parts/amounts.ts';
import { Await } from '../../parts/await.tsx';
import { Field } from '../../parts/field.tsx';
import { Table } from '../../parts/table.tsx';

interface ImageAtSite {
  readonly site: string;
  readonly state: 'complete' | 'known' | 'unknown';
  readonly arrivedAt: string | null;
  readonly copying: 'yes' | 'paused' | 'not-selected';
  readonly lacking: { readonly objects: number; readonly bytes: number } | null;
}

interface ImageStatus {
  readonly digest: string;
  readonly sites: readonly ImageAtSite[];
}

const ASK_EVERY_MS = 2000;

const STATES = {
  complete: { look: 'well', words: 'whole' },
  known: { look: 'warn', words: 'on its way' },
  unknown: { look: '', words: 'not heard of' },
} as const;

const COPYING = {
  yes: 'copies it',
  paused: 'is paused',
  'not-selected': 'only on demand',
} as const;

/** Asks for an image by its name, and shows it. */
export function ImageStates() {
  const image = useSignal<string | undefined>(undefined);
  const find = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    image.value = pathOf((form.get('image') as string).trim());
  };
  return (
    <section class="card">
      <header>
        <h2>Where is an image?</h2>
      </header>
      <div class="inside form">
        <form class="line asking" onSubmit={find}>
          <Field label="Image" name="image" hint="As team/app:1 or team/app@sha256:…" isRequired />
          <button type="submit" class="button">
            Find
          </button>
        </form>
        {image.value && <States key={image.value} path={image.value} />}
      </div>
    </section>
  );
}

function pathOf(image: string): string {
  const [, name = image, reference = 'latest'] = /^([^:@]+)[:@](.+)$/.exec(image) ?? [];
  return `/api/v1/repositories/${name}/manifests/${reference}/sites`;
}

/** Also on the page of a tag. */
export function States({ path }: { readonly path: string }) {
  const asked = useLive<ImageStatus>(path, ASK_EVERY_MS);
  return (
    <Await asked={asked}>
      {({ digest, sites }) => (
        <Table
          caption={`Where ${printDigest(digest)} is`}
          rows={sites}
          keyOf={({ site }) => site}
          columns={[
            { name: 'Site', show: ({ site }) => site },
            { name: 'State', show: ({ state }) => <StateBadge state={state} /> },
            { name: 'Arrived', show: ({ arrivedAt }) => (arrivedAt ? printAge(arrivedAt) : '–') },
            { name: 'Lacks', show: ({ lacking, state }) => printLacking(lacking, state) },
            { name: 'Copying', show: ({ copying }) => COPYING[copying] },
          ]}
        />
      )}
    </Await>
  );
}

function StateBadge({ state }: Pick<ImageAtSite, 'state'>) {
  const { look, words } = STATES[state];
  return <span class={`badge dot ${look}`}>{words}</span>;
}

function printLacking(lacking: ImageAtSite['lacking'], state: ImageAtSite['state']): string {
  if (state === 'complete') return 'nothing';
  if (!lacking) return 'only the site knows';
  return `${printSome(lacking.objects, 'object')}, ${printBytes(lacking.bytes)}`;
}
