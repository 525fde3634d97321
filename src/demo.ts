/** `meridian demo`: a primary and its secondaries on this machine, to try things out. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, relative, resolve } from 'node:path';
import { SiteClient } from './cli/site-client.ts';
import { systemClock } from './clock.ts';
import { ConfigError, processEnvironment } from './config.ts';
import { type Happening, Timeline } from './demo/happening.ts';
import { DemoSite, type SitePlan } from './demo/site.ts';
import { describeDemo } from './demo/words.ts';
import { waitForStop } from './stop.ts';

export interface DemoOptions {
  readonly sites: string;
  readonly port: string;
}

interface Plan {
  readonly data: string;
  readonly password: string;
  readonly passwordFile: string;
  readonly names: readonly string[];
  readonly port: number;
  readonly timeline: Timeline;
}

const ASK_EVERY_MS = 50;

/** Runs until Ctrl-C, or until every site was stopped. @throws Error in one sentence. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const stopping = waitForStop();
  const plan = readPlan(options);
  await checkPorts(plan);
  const sites = await startSites(plan);
  const account = { password: plan.password, file: relative('', plan.passwordFile) };
  say(describeDemo(sites as [DemoSite, ...DemoSite[]], account));
  await Promise.race([stopping, Promise.all(sites.map(tellOfEnd))]);
  await Promise.all(sites.map((site) => site.stop()));
}

async function tellOfEnd({ name, ended }: DemoSite): Promise<void> {
  await ended;
  say(`The site ${name} has stopped.`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function readPlan({ sites, port }: DemoOptions): Plan {
  const count = readNumber('--sites', sites, { least: 1, most: 16 });
  const data = resolve(processEnvironment()['MERIDIAN_DATA'] || './data');
  mkdirSync(data, { recursive: true });
  const passwordFile = join(data, 'admin-password');
  const names = Array.from({ length: count }, (_, index) =>
    index === 0 ? 'primary' : index === 1 ? 'secondary' : `secondary-${index}`,
  );
  return {
    data,
    password: keepPassword(passwordFile),
    passwordFile,
    names,
    port: readNumber('--port', port, { least: 1, most: 65_535 - count }),
    timeline: new Timeline(),
  };
}

function readNumber(option: string, text: string, { least = 0, most = 0 }): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new ConfigError([`${option} must be a whole number from ${least} to ${most}.`]);
}

/** The password of the first start, so that the next one can print it again. */
function keepPassword(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    const password = randomBytes(15).toString('base64url');
    writeFileSync(file, `${password}\n`, { mode: 0o600 });
    return password;
  }
}

async function checkPorts({ names, port }: Plan): Promise<void> {
  for (const index of names.keys()) {
    const probe = createServer();
    try {
      await once(probe.listen(port + index, '127.0.0.1'), 'listening');
    } catch {
      throw new Error(
        `Port ${port + index} is in use: stop what listens there, or give another with --port.`,
      );
    } finally {
      probe.close();
    }
  }
}

/** The primary first; then each secondary, invited by it. Stops what runs where one fails. */
async function startSites(plan: Plan): Promise<DemoSite[]> {
  const sites: DemoSite[] = [];
  try {
    for (const [index, name] of plan.names.entries()) {
      const own = index === 0 ? {} : await invite(plan, sites[0]!, name);
      const site = await DemoSite.open(planSite(plan, index, own), systemClock);
      sites.push(site);
      if (index > 0) await untilFollowing(plan, sites[0]!, site);
    }
    return sites;
  } catch (error) {
    await Promise.all(sites.map((site) => site.stop()));
    throw error;
  }
}

async function invite(
  { password }: Plan,
  { url }: DemoSite,
  name: string,
): Promise<Record<string, string>> {
  const client = new SiteClient({ url, user: 'admin', password });
  const body = { name };
  const { joinToken } = await client.send<{ joinToken: string }>('POST', '/api/v1/sites', body);
  return { MERIDIAN_PRIMARY_URL: url, MERIDIAN_JOIN_TOKEN: joinToken };
}

interface Listed {
  readonly name: string;
  readonly status: { readonly appliedPosition: number } | null;
}

/** Resolves when the secondary has what the primary has: before, nobody could log in there. */
async function untilFollowing(
  { password }: Plan,
  primary: DemoSite,
  secondary: DemoSite,
): Promise<void> {
  const client = new SiteClient({ url: primary.url, user: 'admin', password });
  while (secondary.isRunning) {
    const { sites } = await client.send<{ sites: Listed[] }>('GET', '/api/v1/sites');
    const positionOf = ({ name }: DemoSite) =>
      sites.find((site) => site.name === name)?.status?.appliedPosition ?? -1;
    if (positionOf(secondary) >= positionOf(primary)) return;
    await systemClock.sleep(ASK_EVERY_MS);
  }
  throw new Error(`The site ${secondary.name} has ended before it followed the primary.`);
}

/** Every site on the embedded default, whatever the environment says of real servers. */
function planSite(plan: Plan, index: number, own: Readonly<Record<string, string>>): SitePlan {
  const [name, port] = [plan.names[index]!, plan.port + index];
  const inherited = Object.entries(processEnvironment()).filter(
    ([variable]) => !/^(?:MERIDIAN_.*|DATABASE_URL|REDIS_URL)$/.test(variable),
  );
  const primary = index === 0 ? { MERIDIAN_ADMIN_PASSWORD: plan.password } : {};
  const environment = {
    ...Object.fromEntries(inherited),
    MERIDIAN_SITE: name,
    MERIDIAN_DATA: join(plan.data, name),
    MERIDIAN_LISTEN: `127.0.0.1:${port}`,
    MERIDIAN_PUBLIC_URL: `http://127.0.0.1:${port}`,
    ...primary,
    ...own,
  };
  const onHappening = (happening: Happening) => {
    const teller = { name, isPrimary: index === 0 };
    for (const line of plan.timeline.tell(teller, happening, systemClock.now())) say(line);
  };
  return { name, port, logFile: join(plan.data, `${name}.log`), environment, onHappening };
}
