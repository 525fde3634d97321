/** What the demo tells the person who started it. */

interface Shown {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
}

export interface Account {
  readonly password: string;
  /** Where the password is kept. */
  readonly file: string;
}

/** What runs, and what to type next. The first site is the primary. */
export function describeDemo(sites: readonly [Shown, ...Shown[]], account: Account): string {
  const rows = sites.map(({ name, url, pid }) => {
    return `  ${name.padEnd(14)}${url.padEnd(25)}stop it alone: kill ${pid}`;
  });
  const count = sites.length === 1 ? 'one site' : `${sites.length} sites`;
  return `
Meridian runs at ${count} on this machine.

${rows.join('\n')}
  ${'account'.padEnd(14)}admin, password ${account.password} (kept in ${account.file})
  ${'console'.padEnd(14)}${sites[0].url}/console

Type this in another terminal:

${describeSteps(sites, account)}

Each push and pull is told here as it happens, and when an image has arrived elsewhere.
Ctrl-C here stops everything; what was pushed is there again at the next start.
`;
}

function describeSteps([primary, secondary]: readonly Shown[], { password }: Account): string {
  const [here, there] = [primary!, secondary ?? primary!].map(({ url }) => new URL(url).host);
  const logIn = (host: string) => `  docker login ${host} --username admin --password ${password}`;
  const steps = [
    logIn(here!),
    '  docker pull alpine',
    `  docker tag alpine ${here}/team/alpine:1`,
    `  docker push ${here}/team/alpine:1`,
  ];
  if (!secondary) return [...steps, `  docker pull ${here}/team/alpine:1`].join('\n');
  return [
    ...steps,
    '',
    logIn(there!),
    `  docker pull ${there}/team/alpine:1        # the same image, from the other site`,
    `  kill ${primary!.pid}                                     # stop the primary`,
    `  docker rmi ${here}/team/alpine:1 ${there}/team/alpine:1`,
    `  docker pull ${there}/team/alpine:1        # still there`,
  ].join('\n');
}
