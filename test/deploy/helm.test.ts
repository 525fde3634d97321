/** The chart: what it renders is valid, and what each object has to have. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import { SETTINGS } from '../../src/config/settings.ts';
import { requireProgram, run } from '../support/programs/commands.ts';

const CHART = 'deploy/helm';
const CI = join(CHART, 'ci');
/** The oldest that the chart is for, by its `kubeVersion`. */
const OLDEST = '1.25.0';

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}

interface PodSpec {
  readonly enableServiceLinks: boolean;
  readonly automountServiceAccountToken: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: { readonly runAsNonRoot: boolean; readonly runAsUser: number };
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly env: readonly Variable[];
    readonly securityContext: Readonly<Record<string, unknown>>;
    readonly resources: { readonly limits: { readonly memory: string } };
    readonly readinessProbe?: unknown;
  }[];
}

interface Rendered {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly replicas?: number;
    readonly template?: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: PodSpec;
    };
  };
}

/** What `helm template` makes of the chart with one of the files in `ci`. */
async function render(values: string, ...more: string[]): Promise<Rendered[]> {
  const words = ['template', 'meridian', CHART, '--kube-version', OLDEST];
  const text = await run([
    'helm',
    ...words,
    '--values',
    join(CI, `${values}-values.yaml`),
    ...more,
  ]);
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null);
}

const podsOf = (objects: readonly Rendered[]) =>
  objects.flatMap(({ metadata, spec }) =>
    spec?.template ? [{ name: metadata.name, pod: spec.template.spec }] : [],
  );

describe('the chart', function () {
  this.timeout(60_000);

  before(function () {
    requireProgram('helm', this);
  });

  it('is right for each of the values in ci, by the schemas of Kubernetes', async function () {
    requireProgram('kubernetes-validate', this);
    const folder = await mkdtemp(join(tmpdir(), 'meridian-chart-'));
    const names = await readdir(CI);
    expect(names).to.have.length.greaterThan(2);
    try {
      const files: string[] = [];
      for (const name of names) {
        const values = ['--values', join(CI, name)];
        await run(['helm', 'lint', '--strict', CHART, ...values]);
        const words = ['template', 'meridian', CHART, '--kube-version', OLDEST, ...values];
        const file = join(folder, name);
        await writeFile(file, await run(['helm', ...words]));
        files.push(file);
      }
      await run(['kubernetes-validate', '--strict', '--quiet', ...files]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('has a part for each program of a site, and what keeps them running', async () => {
    const objects = await render('primary');
    const found = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(found).to.have.members([
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
    const commands = podsOf(objects).map(({ pod }) => pod.containers[0]!.args);
    expect(commands).to.have.deep.members([['serve'], ['worker'], ['migrate']]);
    const registry = objects.find(({ metadata }) => metadata.name === 'meridian-registry');
    expect(registry?.spec.replicas, 'that the autoscaler sets').to.equal(undefined);
  });

  it('runs nothing as root, and nothing that can become it', async () => {
    for (const { name, pod } of podsOf(await render('primary'))) {
      expect(pod.securityContext, name).to.include({ runAsNonRoot: true, runAsUser: 10001 });
      expect(pod.automountServiceAccountToken, name).to.equal(false);
      for (const { securityContext, resources } of pod.containers) {
        expect(securityContext, name).to.deep.equal({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(resources.limits.memory, name).to.match(/^\d+[MG]i$/);
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
    for (const values of ['least', 'primary', 'secondary']) {
      for (const { pod } of podsOf(await render(values))) {
        // The variables that Kubernetes makes of a Service named meridian are no settings.
        expect(pod.enableServiceLinks).to.equal(false);
        for (const { name, valueFrom } of pod.containers[0]!.env) {
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
    expect(registry!.pod.terminationGracePeriodSeconds).to.equal(615);
    const env = registry!.pod.containers[0]!.env;
    expect(env.find(({ name }) => name === 'MERIDIAN_DRAIN_DEADLINE')?.value).to.equal('600s');
  });

  it('brings the tables up to date before anything else', async () => {
    const migrate = (await render('least')).find(({ kind }) => kind === 'Job');
    const { annotations } = migrate!.metadata;
    expect(annotations).to.include({ 'helm.sh/hook': 'pre-install,pre-upgrade' });
  });

  for (const [what, set] of Object.entries({
    'no database': 'database.existingSecret=',
    'no key of the cluster': 'clusterKey.existingSecret=',
    'nowhere to keep blobs': 'storage.s3.bucket=',
    'a value that there is not': 'registry.replica=3',
    'a setting that is none': 'settings.NODE_OPTIONS=--inspect',
    'a name that no site may have': 'site.name=Berlin!',
  })) {
    it(`refuses ${what}`, async () => {
      const failed = await render('least', '--set', set).then(
        () => undefined,
        (error: Error) => error.message,
      );
      expect(failed).to.match(/is needed|don't meet the specifications/);
    });
  }
});
