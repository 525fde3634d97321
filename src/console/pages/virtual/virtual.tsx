/** Virtual registries: many upstreams behind one name, and what their cache saves at this site. */
import { useAnswer } from '../../api/live.ts';
import type { Registry, Upstream } from '../../api/virtual.ts';
import { printBytes, printCount, printPercent } from '../../parts/amounts.ts';
import { Await, Empty } from '../../parts/await.tsx';
import { Figure, Figures } from '../../parts/figures.tsx';
import { PullLine } from '../../parts/pull-line.tsx';
import { NewRegistry, RegistryControls } from './controls.tsx';
import { OrderedUpstreams } from './order.tsx';
import { Upstreams } from './upstreams.tsx';
import './virtual.css';

interface Statistics {
  readonly hits: number;
  readonly stale: number;
  readonly misses: number;
  readonly bytesToClients: number;
  readonly bytesFromUpstreams: number;
  readonly callsSaved: number;
}

export function Virtual() {
  const registries = useAnswer<{ readonly registries: readonly Registry[] }>(
    '/api/v1/virtual_registries?n=100',
  );
  const upstreams = useAnswer<{ readonly upstreams: readonly Upstream[] }>(
    '/api/v1/virtual_upstreams?n=100',
  );
  const refresh = async () => {
    await Promise.all([registries.refresh(), upstreams.refresh()]);
  };
  const names = upstreams.value.data?.upstreams.map(({ name }) => name) ?? [];
  return (
    <>
      <header>
        <div>
          <h1>Virtual registries</h1>
          <p>Images of other registries through one name and one login, kept at this site.</p>
        </div>
        <div class="far">
          <NewRegistry onDone={refresh} />
        </div>
      </header>
      <Await asked={registries}>
        {(answer) =>
          answer.registries.length === 0 ? (
            <NoRegistry />
          ) : (
            answer.registries.map((registry) => (
              <OneRegistry key={registry.name} {...{ registry, names, refresh }} />
            ))
          )
        }
      </Await>
      <Upstreams asked={upstreams} onChange={refresh} />
    </>
  );
}

function NoRegistry() {
  return (
    <section class="card">
      <Empty icon="virtual" title="No virtual registries yet">
        Add an upstream below, such as Docker Hub, and then a registry that lists it. People pull
        from it as from any other, and its images still come when the upstream is away.
      </Empty>
    </section>
  );
}

interface OneRegistryProps {
  readonly registry: Registry;
  /** Of all upstreams. */
  readonly names: readonly string[];
  readonly refresh: () => Promise<void>;
}

function OneRegistry({ registry, names, refresh }: OneRegistryProps) {
  const { name, description, isPublic } = registry;
  return (
    <section class="card">
      <header>
        <h2>{name}</h2>
        {isPublic && <span class="badge">public</span>}
        <RegistryControls name={name} onDone={refresh} />
      </header>
      <div class="inside form">
        {description && <p class="soft">{description}</p>}
        <PullLine image={`virtual_registries/containers/${name}/IMAGE:TAG`} />
        <Saved name={name} />
        <OrderedUpstreams registry={registry} names={names} onChange={refresh} />
      </div>
    </section>
  );
}

/** What its cache did since the registry was made, at this site. */
function Saved({ name }: { readonly name: string }) {
  const asked = useAnswer<Statistics>(`/api/v1/virtual_registries/${name}/statistics`);
  return (
    <Await asked={asked}>
      {({ hits, stale, misses, bytesToClients, bytesFromUpstreams, callsSaved }) => {
        const answers = hits + stale + misses;
        const ratio = answers === 0 ? null : (100 * (hits + stale)) / answers;
        return (
          <Figures>
            <Figure name="Hit ratio">{printPercent(ratio)}</Figure>
            <Figure name="To clients">{printBytes(bytesToClients)}</Figure>
            <Figure name="From upstreams">{printBytes(bytesFromUpstreams)}</Figure>
            <Figure name="Questions saved">{printCount(callsSaved)}</Figure>
          </Figures>
        );
      }}
    </Await>
  );
}
