/** Settings of virtual registries and their upstreams. */
import { given, optional } from './setting.ts';
import * as value from './values.ts';

const group = 'Virtual registries';

export const UPSTREAMS = {
  secretKey: optional({
    variable: 'MERIDIAN_SECRET_KEY',
    kind: value.secretKey,
    isSecret: true,
    group,
    meaning:
      'Key of the cluster, under which passwords of upstreams are kept: 32 bytes as base64url. ' +
      'Without it, the first start of a primary writes one to `secret-key` in the data folder, ' +
      'and a site that joins is given it. Several machines of one site need the setting.',
  }),
  upstreamNetworks: given({
    variable: 'MERIDIAN_UPSTREAM_NETWORKS',
    kind: value.networks,
    fallback: '',
    group,
    meaning:
      'Networks that upstreams may be in although they are private, such as `10.0.0.0/8, ' +
      '192.0.2.7`; only there may an upstream be asked over http. Without it, upstreams have ' +
      'public addresses and https.',
  }),
  maxVirtualRegistries: given({
    variable: 'MERIDIAN_MAX_VIRTUAL_REGISTRIES',
    kind: value.count(1, 1000),
    fallback: '100',
    group,
    meaning: 'The most virtual registries.',
  }),
  maxUpstreams: given({
    variable: 'MERIDIAN_MAX_UPSTREAMS',
    kind: value.count(1, 100),
    fallback: '20',
    group,
    meaning: 'The most upstreams of one virtual registry.',
  }),
};
