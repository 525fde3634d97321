/** The chart: what it renders is valid, and what each object has to have. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Context } from 'koa';
import { parse } from 'yaml';
import { SETTINGS } from '../../src/config/settings.ts';
import { answerHealth } from '../../src/http/health.ts';
import { createLog } from '../../src/log.ts';
import { hasProgram, run } from '../support/programs/commands.ts';
import {
  CI,
  ofKind,
  openRenderer,
  parseObjects,
  podsOf,
  type Rendered,
  type Renderer,
  wordsFor,
} from './chart.ts';
import { findBrokenLinks, secretsOf } from './chart-links.ts';
import { checkTypes } from './kubernetes-types.ts';

/** The files of values in `ci`. */
const ALL = ['least', 'primary', 'secondary'] as const;

/** The oldest Kubernetes that the chart is for, by its `kubeVersion`. */
const OLDEST = '1.25.0';

/** How Kubernetes writes an amount of memory or of processors. */
const QUANTITY = /^\d+(\.\d+)?(m|[kMGT]|[KMGT]i)?$/;

const byName = (objects: readonly Rendered[]) =>
  objects.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)));
const nameOf = ({ kind, metadata }: Rendered) => `${kind} ${metadata.name}`;

/** Every Secret that the values name. */
function secretsIn(value: unknown, key = ''): string[] {
  if (value === null || typeof value !== 'object') {
    return ['existingSecret', 'tlsSecret'].includes(key) ? [String(value)] : [];
  }
  if (key === 'imagePullSecrets') return (value as { name: string }[]).map(({ name }) => name);
  return Object.entries(value).flatMap(([inner, each]) => secretsIn(each, inner));
}

describe('the chart', function () {
  this.timeout(60_000);
  let renderer: Renderer;
  const render: Renderer['render'] = (values, ...more) => renderer.render(values, ...more);

  before(async function () {
    renderer = await openRenderer(this);
  });
  after(() => renderer?.close());

  it('is right for each of the values in ci, by the definitions of Kubernetes', async () => {
    expect(await readdir(CI)).to.have.members(ALL.map((values) => `${values}-values.yaml`));
    const sets = await Promise.all(ALL.map(async (values) => [values, await render(values)]));
    await checkTypes(Object.fromEntries(sets));
  });

  it('would be refused with a field that there is not, or with one missing', async () => {
    const worker = (await render('least')).find(
      (object) => nameOf(object) === 'Deployment meridian-worker',
    );
    for (const [change, sentence] of [
      [{ comand: ['worker'] }, /comand\W+ does not exist in type 'Container'/],
      [{ name: undefined }, /Property 'name' is missing/],
    ] as const) {
      const broken = structuredClone(worker) as Rendered<'Deployment'>;
      Object.assign(broken.spec!.template.spec!.containers[0]!, change);
      const error = await checkTypes({ broken: [broken] }).then(() => '', String);
      expect(error).to.match(sentence);
    }
  });

  // Where Helm itself is installed, it is a second opinion; nothing needs it.
  for (const values of hasProgram('helm') ? ALL : []) {
    it(`is what Helm makes of it with the values of ${values}`, async () => {
      const words = ['--kube-version', OLDEST, ...wordsFor(values)];
      const theirs = parseObjects(await run(['helm', 'template', ...words]));
      expect(byName(await render(values))).to.deep.equal(byName(theirs));
    });
  }

  it('has no object that speaks of another which is not there', async () => {
    for (const values of ALL) {
      expect(findBrokenLinks(await render(values)), values).to.deep.equal([]);
    }
  });

  it('notices what leads nowhere', async () => {
    const text = JSON.stringify(await render('primary'));
    for (const [there, gone, sentence] of [
      ['"targetPort":"http"', '"targetPort":"web"', /Service meridian wants web/],
      ['"port":"metrics"', '"port":"figures"', /meridian-registry wants figures/],
      ['"port":"http"}', '"port":"web"}', /a probe asks web/],
      ['"name":"tmp","mountPath"', '"name":"temp","mountPath"', /no volume temp/],
      [
        '"kind":"Deployment","name":"meridian-registry"',
        '"kind":"Deployment","name":"x"',
        /to scale/,
      ],
      ['"serviceAccountName":"meridian"', '"serviceAccountName":"other"', /no account other/],
    ] as const) {
      expect(text).to.include(there);
      const objects = JSON.parse(text.replaceAll(there, gone)) as Rendered[];
      expect(findBrokenLinks(objects).join()).to.match(sentence);
    }
  });

  it('asks for the Secrets that the values name, and for no others', async () => {
    for (const values of ALL) {
      const named = secretsIn(parse(await readFile(join(CI, `${values}-values.yaml`), 'utf8')));
      expect([...secretsOf(await render(values))], values).to.have.members(named);
    }
  });

  it('is asked how it is where the program answers that', async () => {
    const health = answerHealth({ check: () => Promise.resolve(), log: createLog('silent') });
    for (const { spec } of podsOf(await render('primary'))) {
      for (const { startupProbe, readinessProbe, livenessProbe } of spec.containers) {
        for (const probe of [startupProbe, readinessProbe, livenessProbe]) {
          if (!probe) continue;
          const { path } = probe.httpGet!;
          const next = () => Promise.reject(new Error(`nothing answers ${path}`));
          await health({ path } as Context, next);
        }
      }
    }
  });

  it('opens the ports that the program is told to listen on', async () => {
    const [registry] = podsOf(await render('primary', '--set', 'metrics.port=9191'));
    const { env, ports } = registry!.spec.containers[0]!;
    const opened = Object.fromEntries(ports!.map((port) => [port.name, port.containerPort]));
    expect(opened).to.deep.equal({ http: 5000, metrics: 9191 });
    for (const [variable, name] of [
      ['MERIDIAN_LISTEN', 'http'],
      ['MERIDIAN_METRICS_LISTEN', 'metrics'],
    ]) {
      const value = env!.find((each) => each.name === variable)?.value;
      expect(value).to.equal(`0.0.0.0:${opened[name!]}`);
    }
  });

  it('has a part for each program of a site, and what keeps them running', async () => {
    const objects = await render('primary');
    expect(objects.map(nameOf)).to.have.members([
      'Deployment meridian-registry',
      'Deployment meridian-worker',
      'Job meridian-migrate',
      'HorizontalPodAutoscaler meridian-registry',
      'Ingress meridian',
      'NetworkPolicy meridian-registry',
      'NetworkPolicy meridian-others',
      'NetworkPolicy meridian-egress',
      'PodDisruptionBudget meridian-registry',
      'PodDisruptionBudget meridian-worker',
      'Service meridian',
      'ServiceAccount meridian',
    ]);
    const commands = podsOf(objects).map(({ spec }) => spec.containers[0]!.args);
    expect(commands).to.have.deep.members([['serve'], ['worker'], ['migrate']]);
    const registry = ofKind(objects, 'Deployment').find(
      ({ metadata }) => metadata.name === 'meridian-registry',
    );
    expect(registry!.spec!.replicas, 'that the autoscaler sets').to.equal(undefined);
  });

  it('runs nothing as root, and nothing that can become it', async () => {
    for (const { name, spec } of podsOf(await render('primary'))) {
      expect(spec.securityContext, name).to.include({ runAsNonRoot: true, runAsUser: 10001 });
      expect(spec.automountServiceAccountToken, name).to.equal(false);
      for (const { securityContext, resources } of spec.containers) {
        expect(securityContext, name).to.deep.equal({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(resources!.limits!['memory'], name).to.match(/^\d+[MG]i$/);
        for (const amount of Object.values({ ...resources!.limits, ...resources!.requests })) {
          expect(amount, name).to.match(QUANTITY);
        }
      }
    }
  });

  it('says settings that there are, and each secret by a reference', async () => {
    const known = new Map(
      Object.values(SETTINGS).map((setting): [string, boolean] => {
        const { variable } = setting;
        return [variable, 'isSecret' in setting && setting.isSecret === true];
      }),
    );
    for (const values of ALL) {
      for (const { spec } of podsOf(await render(values))) {
        // The variables that Kubernetes makes of a Service named meridian are no settings.
        expect(spec.enableServiceLinks).to.equal(false);
        for (const { name, valueFrom } of spec.containers[0]!.env!) {
          if (name.startsWith('AWS_')) continue;
          expect([...known.keys()], values).to.include(name);
          expect(valueFrom !== undefined, `${name} is secret`).to.equal(known.get(name));
        }
      }
    }
  });

  it('gives what runs longer than the site itself takes to drain', async () => {
    const objects = await render('least', '--set', 'registry.drainSeconds=600');
    const [registry] = podsOf(objects).filter(({ name }) => name === 'meridian-registry');
    expect(registry!.spec.terminationGracePeriodSeconds).to.equal(615);
    const env = registry!.spec.containers[0]!.env!;
    expect(env.find(({ name }) => name === 'MERIDIAN_DRAIN_DEADLINE')?.value).to.equal('600s');
  });

  it('brings the tables up to date before anything else', async () => {
    const [migrate] = ofKind(await render('least'), 'Job');
    expect(migrate!.metadata.annotations).to.include({ 'helm.sh/hook': 'pre-install,pre-upgrade' });
  });

  for (const [what, words] of Object.entries({
    'no database': ['--set', 'database.existingSecret='],
    'no key of the cluster': ['--set', 'clusterKey.existingSecret='],
    'nowhere to keep blobs': ['--set', 'storage.s3.bucket='],
    'a value that there is not': ['--set', 'registry.replica=3'],
    'a setting that is none': ['--set', 'settings.NODE_OPTIONS=--inspect'],
    'a name that no site may have': ['--set', 'site.name=Berlin!'],
    'a Kubernetes that is too old': ['--kube-version', '1.24.9'],
  })) {
    it(`refuses ${what}`, async () => {
      const failed = await render('least', ...words).then(
        () => undefined,
        (error: Error) => error.message,
      );
      expect(failed).to.match(/is needed|don't meet the specifications|requires kubeVersion/);
    });
  }
});
