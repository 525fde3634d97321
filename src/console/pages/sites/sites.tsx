/** All sites on the world and one by one: how each is, how far behind, and how fast it comes. */
import { useEach, useLive } from '../../api/live.ts';
import { healthOf, type Site, type SiteList } from '../../api/sites.ts';
import { printBytes, printDuration, printSome, printSpeed } from '../../parts/amounts.ts';
import { Await, Empty } from '../../parts/await.tsx';
import { Figure, Figures } from '../../parts/figures.tsx';
import { noteFigures } from './history.ts';
import { SiteCard } from './site-card.tsx';
import './sites.css';
import { Speeds } from './speeds.tsx';
import { WorldMap } from './world-map.tsx';

const ASK_EVERY_MS = 2000;

export function Sites() {
  const asked = useLive<SiteList>('/api/v1/sites', ASK_EVERY_MS);
  useEach(asked, ({ sites }) => noteFigures(sites));
  return (
    <>
      <header>
        <div>
          <h1>Sites</h1>
          <p aria-live="polite">{asked.value.data && describeAll(asked.value.data.sites)}</p>
        </div>
      </header>
      <Await asked={asked}>
        {({ sites }) => (
          <>
            <Sums sites={sites} />
            <WorldMap sites={sites} />
            <ul class="site-cards">
              {sites.map((site) => (
                <SiteCard key={site.name} site={site} />
              ))}
            </ul>
            {sites.length > 1 ? <Speeds sites={sites} /> : <Alone />}
          </>
        )}
      </Await>
    </>
  );
}

/** In one sentence, whether anything needs somebody. */
function describeAll(sites: readonly Site[]): string {
  const ill = sites.filter((site) => ['ill', 'unknown'].includes(healthOf(site)));
  if (ill.length > 0) {
    const names = ill.map(({ name }) => name).join(', ');
    return `${printSome(ill.length, 'site needs', 'sites need')} attention: ${names}.`;
  }
  const behind = sites.reduce((sum, { status }) => sum + (status?.bytesBehind ?? 0), 0);
  if (behind > 0) return `Every site is well; ${printBytes(behind)} are still on their way.`;
  return sites.length === 1 ? 'This site is well.' : 'Every site is well and has everything.';
}

function Sums({ sites }: { readonly sites: readonly Site[] }) {
  const known = sites.flatMap(({ status }) => (status ? [status] : []));
  const sum = (of: (status: (typeof known)[number]) => number) =>
    known.reduce((total, status) => total + of(status), 0);
  const well = sites.filter((site) => healthOf(site) === 'well').length;
  const lags = known.flatMap(({ lagSeconds }) => lagSeconds ?? []);
  const left = known.map(({ secondsLeft }) => secondsLeft);
  const behind = sum(({ bytesBehind }) => bytesBehind);
  return (
    <Figures>
      <Figure name="Well" look={well === sites.length ? 'well' : 'ill'}>
        {`${well} of ${sites.length}`}
      </Figure>
      <Figure name="Longest lag">{printDuration(Math.max(0, ...lags))}</Figure>
      <Figure name="Behind">{printBytes(behind)}</Figure>
      <Figure name="Throughput">{printSpeed(sum(({ bytesPerSecond }) => bytesPerSecond))}</Figure>
      <Figure name="Time left">{printLeft(left)}</Figure>
    </Figures>
  );
}

/** Of the site that takes longest; of none that does not move. */
function printLeft(left: readonly (number | null)[]): string {
  if (left.includes(null)) return 'unknown';
  const longest = Math.max(0, ...left.map(Number));
  return longest === 0 ? 'none' : printDuration(longest);
}

function Alone() {
  return (
    <section class="card">
      <Empty icon="sites" title="One site, so far">
        <p>
          A second site keeps everything nearby for those who are far from here. Invite it by{' '}
          <code>meridian site add NAME --url {location.origin}</code>, and start it with the token
          that is printed.
        </p>
      </Empty>
    </section>
  );
}
