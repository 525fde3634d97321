/** The four clients that most people have, with one image each; `npm run clients` tries more. */

import { podman } from './drivers/containers.ts';
import { ctr } from './drivers/ctr.ts';
import { docker } from './drivers/docker.ts';
import { skopeo } from './drivers/skopeo.ts';
import { describeSites } from './two-sites.ts';

const visitors = { clients: [docker, podman, skopeo, ctr], contents: ['image'] } as const;

describeSites('proxy', visitors);
describeSites('redirect', visitors);
