/**
 * Every setting of the program: its name in the environment, what it may be, what it is where
 * nobody says, and what it does. `docs/configuration.md` is generated from this table.
 *
 * In the YAML file a setting has the same name in lower case, without `MERIDIAN_`.
 */
import { LOG_LEVELS } from '../log.ts';
import { ACTIVITY } from './activity-settings.ts';
import { GARBAGE } from './garbage-settings.ts';
import { GEO } from './geo-settings.ts';
import { PEOPLE } from './people-settings.ts';
import { type Given, given, optional, type Setting } from './setting.ts';
import { TELEMETRY } from './telemetry-settings.ts';
import { UPSTREAMS } from './upstream-settings.ts';
import * as value from './values.ts';
import { WEBHOOKS } from './webhook-settings.ts';

export type { Setting } from './setting.ts';

const SITE = {
  site: given({
    variable: 'MERIDIAN_SITE',
    kind: value.name,
    fallback: 'main',
    group: 'The site',
    meaning: 'Name of this site, unlike that of every other site.',
  }),
  cluster: given({
    variable: 'MERIDIAN_CLUSTER',
    kind: value.name,
    fallback: 'meridian',
    group: 'The site',
    meaning:
      'Name of all sites together; tokens are made for it. A secondary takes it from its primary.',
  }),
  data: given({
    variable: 'MERIDIAN_DATA',
    kind: value.path,
    fallback: './data',
    group: 'The site',
    meaning:
      'Folder that holds everything which is not kept elsewhere by the settings below. Several ' +
      'programs may share it only with `DATABASE_URL`, and only those of one site.',
  }),
  processes: given({
    variable: 'MERIDIAN_PROCESSES',
    kind: value.count(1, 64),
    fallback: '1',
    group: 'The site',
    meaning:
      'How many processes answer requests on this machine. Without `REDIS_URL` each bears its ' +
      'share of the failed log-ins and of the rates of requests that the site bears.',
  }),
  logLevel: given({
    variable: 'MERIDIAN_LOG_LEVEL',
    kind: value.oneOf(LOG_LEVELS),
    fallback: 'info',
    group: 'The site',
    meaning: 'What goes to the log: silent, error, warn, info or debug.',
  }),
  accessLog: given({
    variable: 'MERIDIAN_ACCESS_LOG',
    kind: value.oneOf(['all', 'writes', 'off']),
    fallback: 'writes',
    group: 'The site',
    meaning:
      'Which requests have a line in the log, at the level info: all, writes (whatever is no GET ' +
      'or HEAD), or off.',
  }),
};

const NETWORK = {
  listen: given({
    variable: 'MERIDIAN_LISTEN',
    kind: value.listen,
    fallback: '127.0.0.1:5000',
    group: 'The network',
    meaning: 'Host and port to listen at. Port 0 takes any free one, which the log names.',
  }),
  publicUrl: optional({
    variable: 'MERIDIAN_PUBLIC_URL',
    kind: value.origin,
    group: 'The network',
    meaning:
      'Address at which clients reach this site. Without it, the address that they asked for.',
  }),
  tlsCert: optional({
    variable: 'MERIDIAN_TLS_CERT',
    kind: value.path,
    group: 'The network',
    meaning:
      'PEM file with the certificate and its chain. Given with the key, the site speaks https.',
  }),
  tlsKey: optional({
    variable: 'MERIDIAN_TLS_KEY',
    kind: value.path,
    group: 'The network',
    meaning: "PEM file with the certificate's private key.",
  }),
  trustedProxies: given({
    variable: 'MERIDIAN_TRUSTED_PROXIES',
    kind: value.networks,
    fallback: '',
    group: 'The network',
    meaning: 'Addresses and networks of proxies whose `X-Forwarded-*` headers are believed.',
  }),
  metricsListen: given({
    variable: 'MERIDIAN_METRICS_LISTEN',
    kind: value.listenOrOff,
    fallback: 'off',
    group: 'The network',
    meaning:
      'Host and port for `/metrics`, which asks for no password: keep it inside. `off` for none.',
  }),
  drainDeadlineMs: given({
    variable: 'MERIDIAN_DRAIN_DEADLINE',
    kind: value.duration('0s', '24h'),
    fallback: '30s',
    group: 'The network',
    meaning: 'After SIGTERM, how long transfers that are under way may take to finish.',
  }),
};

const STORAGE = {
  storage: optional({
    variable: 'MERIDIAN_STORAGE',
    kind: value.storage,
    group: 'Storage',
    meaning:
      'Where blobs are kept: `file:/path`, or ' +
      '`s3://bucket/prefix?region=…&endpoint=…&pathStyle=true` with keys from the usual AWS ' +
      'variables. Without it, the folder `content` in the data folder.',
  }),
  redirect: given({
    variable: 'MERIDIAN_REDIRECT',
    kind: value.isOn,
    fallback: 'true',
    group: 'Storage',
    meaning: 'With S3: whether clients read blobs from the bucket themselves, by signed addresses.',
  }),
  redirectExcept: given({
    variable: 'MERIDIAN_REDIRECT_EXCEPT',
    kind: value.networks,
    fallback: '',
    group: 'Storage',
    meaning: 'Client networks that cannot reach the bucket; the site sends them the bytes itself.',
  }),
  accelLocation: given({
    variable: 'MERIDIAN_ACCEL_LOCATION',
    kind: value.locationOrOff,
    fallback: 'off',
    group: 'Storage',
    meaning:
      'With files, behind nginx: its internal location for the folder `blobs` of the storage, ' +
      'such as `/meridian-blobs/`. nginx then sends the bytes of blobs itself, to the clients of ' +
      'a proxy in `MERIDIAN_TRUSTED_PROXIES` that says `X-Sendfile-Type: X-Accel-Redirect`. ' +
      '`off` for none.',
  }),
  databaseUrl: optional({
    variable: 'DATABASE_URL',
    kind: value.databaseUrl,
    isSecret: true,
    group: 'Storage',
    meaning: 'PostgreSQL for all facts. Without it, the embedded server in the data folder.',
  }),
  databaseConnections: given({
    variable: 'MERIDIAN_DATABASE_CONNECTIONS',
    kind: value.count(2, 500),
    fallback: '10',
    group: 'Storage',
    meaning: 'The most connections to PostgreSQL, for each process.',
  }),
  redisUrl: optional({
    variable: 'REDIS_URL',
    kind: value.redisUrl,
    isSecret: true,
    group: 'Storage',
    meaning:
      'Redis for the ledger of transfers. Without it, the memory of the process, which is then ' +
      'the only one of a secondary.',
  }),
};

const ACCESS = {
  adminPassword: optional({
    variable: 'MERIDIAN_ADMIN_PASSWORD',
    kind: value.text,
    isSecret: true,
    group: 'Access',
    meaning:
      'Password of the account `admin`, taken at the first start of a primary. Without it one is ' +
      'made and printed once.',
  }),
  anonymousPull: given({
    variable: 'MERIDIAN_ANONYMOUS_PULL',
    kind: value.patterns,
    fallback: 'false',
    group: 'Access',
    meaning: 'What may be pulled without an account: `true`, `false` or path patterns.',
  }),
  changes: given({
    variable: 'MERIDIAN_CHANGES',
    kind: value.oneOf(['all', 'push', 'none']),
    fallback: 'all',
    group: 'Access',
    meaning:
      'What may be changed through the registry API, whoever asks: all, push, which refuses ' +
      'every deletion, or none, which refuses every write.',
  }),
  tokenLifetimeMs: given({
    variable: 'MERIDIAN_TOKEN_LIFETIME',
    kind: value.duration('60s', '24h'),
    fallback: '5m',
    group: 'Access',
    meaning: 'How long a bearer token lives.',
  }),
  uploadExpiryMs: given({
    variable: 'MERIDIAN_UPLOAD_EXPIRY',
    kind: value.duration('1s', '90d'),
    fallback: '7d',
    group: 'Access',
    meaning: 'How long an unfinished upload is kept.',
  }),
  maxUploads: given({
    variable: 'MERIDIAN_MAX_UPLOADS',
    kind: value.count(1, 1_000_000),
    fallback: '1000',
    group: 'Access',
    meaning: 'The most unfinished uploads of one account, and those of one repository.',
  }),
};

export const SETTINGS = {
  ...SITE,
  ...NETWORK,
  ...TELEMETRY,
  ...STORAGE,
  ...ACCESS,
  ...PEOPLE,
  ...GEO,
  ...WEBHOOKS,
  ...ACTIVITY,
  ...GARBAGE,
  ...UPSTREAMS,
};

type Settings = typeof SETTINGS;

/** What the operator settled, typed by the table above. */
export type Settled = {
  readonly [K in keyof Settings]: Settings[K] extends Given<infer T>
    ? T
    : Settings[K] extends Setting<infer T>
      ? T | undefined
      : never;
};

/** Variables that the operator's commands read; no settings of a site. */
export const CLIENT_VARIABLES = {
  config: 'MERIDIAN_CONFIG',
  url: 'MERIDIAN_URL',
  user: 'MERIDIAN_USER',
  password: 'MERIDIAN_PASSWORD',
  profile: 'MERIDIAN_PROFILE',
  sourcePassword: 'MERIDIAN_SOURCE_PASSWORD',
} as const;
