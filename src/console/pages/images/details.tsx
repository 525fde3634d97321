/** What an image is made of, who speaks of it, and where it is. */

import type { Referrer, Tag } from '../../api/images.ts';
import { useAnswer } from '../../api/live.ts';
import { printBytes, printDigest } from '../../parts/amounts.ts';
import { Await } from '../../parts/await.tsx';
import { Meter } from '../../parts/figures.tsx';
import { PullLine } from '../../parts/pull-line.tsx';
import { States } from '../replication/image-states.tsx';

interface Part {
  readonly digest: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly platform?: string;
}

interface Contents {
  readonly layers: readonly Part[];
  readonly manifests: readonly Part[];
}

interface DetailsProps {
  /** Of the repository. */
  readonly name: string;
  readonly tag: Tag;
}

export function Details({ name, tag }: DetailsProps) {
  const image = `/api/v1/repositories/${name}/manifests/${tag.digest}`;
  const asked = useAnswer<Contents>(image);
  return (
    <div class="details">
      <PullLine image={`${name}@${tag.digest}`} />
      <Await asked={asked}>
        {({ layers, manifests }) => (
          <>
            <Parts title="Platforms" parts={manifests} />
            <Parts title="Layers" parts={layers} />
          </>
        )}
      </Await>
      <Referrers referrers={tag.referrers} />
      <div>
        <h3>At the sites</h3>
        <States path={`${image}/sites`} />
      </div>
    </div>
  );
}

/** Each with its share of the largest. */
function Parts({ title, parts }: { readonly title: string; readonly parts: readonly Part[] }) {
  if (parts.length === 0) return null;
  const most = Math.max(1, ...parts.map(({ sizeBytes }) => sizeBytes));
  return (
    <div>
      <h3>{title}</h3>
      <ol class="parts">
        {parts.map(({ digest, sizeBytes, platform }) => (
          <li key={digest}>
            <span class="cut">
              {platform && <strong>{platform} </strong>}
              <code title={digest}>{printDigest(digest)}</code>
            </span>
            <span>{printBytes(sizeBytes)}</span>
            <Meter percent={(100 * sizeBytes) / most} />
          </li>
        ))}
      </ol>
    </div>
  );
}

/** Signatures, bills of materials and whatever else speaks of the image. */
function Referrers({ referrers }: { readonly referrers: readonly Referrer[] }) {
  if (referrers.length === 0) return null;
  return (
    <div>
      <h3>What refers to it</h3>
      <ul class="parts">
        {referrers.map(({ digest, artifactType, mediaType, sizeBytes }) => (
          <li key={digest}>
            <span class="cut">{artifactType ?? mediaType}</span>
            <span>{printBytes(sizeBytes)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
