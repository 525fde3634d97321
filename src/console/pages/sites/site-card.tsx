/** One site: how it is, in words and figures. */
import { healthOf, type Site, type SiteStatus } from '../../api/sites.ts';
import {
  printBytes,
  printCount,
  printDuration,
  printPercent,
  printSpeed,
} from '../../parts/amounts.ts';
import { Meter } from '../../parts/figures.tsx';
import { linkTo } from '../../router.ts';

const HEALTHS = {
  well: { look: 'well', words: 'Well' },
  ill: { look: 'ill', words: 'Needs attention' },
  paused: { look: 'warn', words: 'Paused' },
  unknown: { look: '', words: 'Not heard of' },
} as const;

export function HealthBadge({ site }: { readonly site: Site }) {
  const { look, words } = HEALTHS[healthOf(site)];
  return <span class={`badge dot ${look}`}>{words}</span>;
}

export function SiteCard({ site }: { readonly site: Site }) {
  const { name, url, status } = site;
  return (
    <li class="card site-card">
      <header>
        <h2>{name}</h2>
        <span class={`badge ${status?.role === 'primary' ? 'accent' : ''}`}>
          {status?.role ?? 'secondary'}
        </span>
        <HealthBadge site={site} />
      </header>
      <div class="inside">
        <p class="soft">{status?.health ?? 'This site was invited and has said nothing yet.'}</p>
        {status && <Completeness status={status} />}
        {status && <Details status={status} />}
        <p class="line small">
          <a href={linkTo('replication', { site: name })}>Replication</a>
          <a class="far cut" href={`${url}/console`}>
            {url.replace(/^https?:\/\//, '')}
          </a>
        </p>
      </div>
    </li>
  );
}

/** Of the images, and of the blobs in them. */
function Completeness({ status: { manifests, blobs } }: { readonly status: SiteStatus }) {
  return (
    <dl class="extents">
      {Object.entries({ Images: manifests, Blobs: blobs }).map(([name, extent]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <strong>{printPercent(extent.percent)}</strong>{' '}
            <span class="soft">
              {printCount(extent.verified)} of {printCount(extent.total)}
              {extent.failed > 0 && <span class="ill"> · {printCount(extent.failed)} failed</span>}
            </span>
          </dd>
          <Meter percent={extent.percent} look={extent.failed > 0 ? 'ill' : 'well'} />
        </div>
      ))}
    </dl>
  );
}

function Details({ status }: { readonly status: SiteStatus }) {
  const { lagSeconds, bytesBehind, secondsLeft, bytesPerSecond, epoch, version } = status;
  const rows = {
    Lag: lagSeconds === null ? 'unknown' : printDuration(lagSeconds),
    Behind: printBytes(bytesBehind),
    'Time left': printTimeLeft(secondsLeft),
    Throughput: printSpeed(bytesPerSecond),
    Epoch: printCount(epoch),
    Version: version,
  };
  return (
    <dl class="pairs">
      {Object.entries(rows).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="cut">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function printTimeLeft(seconds: number | null): string {
  if (seconds === null) return 'unknown';
  return seconds === 0 ? 'none' : printDuration(seconds);
}
