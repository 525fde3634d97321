/** How a site copies: its lanes, what fails there and why, and what it can be told to do. */
import { useLive } from '../../api/live.ts';
import type { Site, SiteList, SiteStatus } from '../../api/sites.ts';
import { printBytes, printCount, printDuration, printSpeed } from '../../parts/amounts.ts';
import { Await } from '../../parts/await.tsx';
import { Choice } from '../../parts/field.tsx';
import { Figure, Figures } from '../../parts/figures.tsx';
import { linkTo, place, replace } from '../../router.ts';
import { Controls } from './controls.tsx';
import { Failures } from './failures.tsx';
import { ImageStates } from './image-states.tsx';
import { Orders } from './orders.tsx';
import './replication.css';

const ASK_EVERY_MS = 2000;

export function Replication() {
  const asked = useLive<SiteList>('/api/v1/sites', ASK_EVERY_MS);
  return (
    <>
      <header>
        <div>
          <h1>Replication</h1>
          <p>What each site still copies, what fails there, and what to do about it.</p>
        </div>
      </header>
      <Await asked={asked}>{({ sites }) => <OneSite sites={sites} />}</Await>
      <ImageStates />
    </>
  );
}

/** The site that the address names; the first secondary where it names none. */
function OneSite({ sites }: { readonly sites: readonly Site[] }) {
  const wanted = place.value.query.get('site');
  const secondary = sites.find(({ status }) => status?.role === 'secondary');
  const site = sites.find(({ name }) => name === wanted) ?? secondary ?? sites[0];
  if (!site) return null;
  const names = Object.fromEntries(sites.map(({ name }) => [name, name]));
  return (
    <>
      <div class="line chooser">
        <Choice
          label="Site"
          name="site"
          value={site.name}
          options={names}
          onChange={(name) => replace(linkTo('replication', { site: name }))}
        />
        <Controls site={site} />
      </div>
      {site.status && <Progress status={site.status} />}
      {site.status && <Lanes status={site.status} />}
      <Failures key={`failures ${site.name}`} site={site} />
      <Orders key={`orders ${site.name}`} site={site} />
    </>
  );
}

function Progress({ status }: { readonly status: SiteStatus }) {
  const { lagSeconds, bytesBehind, bytesPerSecond, blobs, oldestUnreplicatedSeconds } = status;
  return (
    <Figures>
      <Figure name="Lag">{lagSeconds === null ? 'unknown' : printDuration(lagSeconds)}</Figure>
      <Figure name="Behind">{printBytes(bytesBehind)}</Figure>
      <Figure name="Oldest missing">
        {oldestUnreplicatedSeconds === null ? 'none' : printDuration(oldestUnreplicatedSeconds)}
      </Figure>
      <Figure name="Throughput">{printSpeed(bytesPerSecond)}</Figure>
      <Figure name="Failed" look={blobs.failed > 0 ? 'ill' : 'well'}>
        {printCount(blobs.failed)}
      </Figure>
    </Figures>
  );
}

const LANES = {
  demand: 'Somebody waits for it',
  fresh: 'Just pushed',
  backfill: 'From before',
} as const;

function Lanes({ status: { lanes, transferring } }: { readonly status: SiteStatus }) {
  const most = Math.max(1, ...Object.values(lanes));
  return (
    <section class="card">
      <header>
        <h2>Lanes</h2>
        <span class="soft small">{printCount(transferring)} under way now</span>
      </header>
      <dl class="inside lanes">
        {Object.entries(LANES).map(([lane, meaning]) => {
          const count = lanes[lane as keyof typeof LANES];
          return (
            <div key={lane}>
              <dt>
                {lane} <span class="soft small">{meaning}</span>
              </dt>
              <dd>{printCount(count)}</dd>
              <span class="meter" aria-hidden="true">
                <span style={{ width: `${(100 * count) / most}%` }} />
              </span>
            </div>
          );
        })}
      </dl>
    </section>
  );
}
