/** What one object says of another, which no schema knows: labels, ports, volumes and accounts. */
import type { Container, PodSpec } from 'kubernetes-types/core/v1.d.ts';
import type { LabelSelector } from 'kubernetes-types/meta/v1.d.ts';
import { ofKind, type Pod, podsOf, type Rendered } from './chart.ts';

type Labels = Readonly<Record<string, string>>;

/** A sentence for each link that leads nowhere; none where all is well. */
export function findBrokenLinks(objects: readonly Rendered[]): string[] {
  const pods = podsOf(objects);
  return [
    ...checkNames(objects),
    ...checkWorkloads(objects),
    ...pods.flatMap((pod) => checkPod(pod, objects)),
    ...checkServices(objects, pods),
    ...checkPolicies(objects, pods),
    ...checkScale(objects, pods),
  ];
}

/** The names of Secrets that the objects want to be there. */
export function secretsOf(objects: readonly Rendered[]): ReadonlySet<string> {
  const names = [
    ...podsOf(objects).flatMap(({ spec }) => [
      ...(spec.imagePullSecrets ?? []).map(({ name }) => name),
      ...containersOf(spec).flatMap(({ env }) =>
        (env ?? []).map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
      ),
    ]),
    ...ofKind(objects, 'Ingress').flatMap(({ spec }) =>
      (spec!.tls ?? []).map(({ secretName }) => secretName),
    ),
  ];
  return new Set(names.filter((name) => name !== undefined));
}

const containersOf = (spec: PodSpec): readonly Container[] => [
  ...(spec.initContainers ?? []),
  ...spec.containers,
];

const portsOf = (pod: Pod): readonly (string | undefined)[] =>
  containersOf(pod.spec).flatMap(({ ports }) => (ports ?? []).map(({ name }) => name));

function checkNames(objects: readonly Rendered[]): string[] {
  const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  return [
    ...names.filter((name, at) => names.indexOf(name) < at).map((name) => `${name} is there twice`),
    // RFC 1123, which Kubernetes asks of nearly every name.
    ...names
      .filter((name) => !/^\w+ [a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
      .map((name) => `${name} has a name that Kubernetes refuses`),
  ];
}

function checkWorkloads(objects: readonly Rendered[]): string[] {
  return ofKind(objects, 'Deployment').flatMap(({ metadata, spec }) => {
    const { selector, template } = spec!;
    const name = `Deployment ${metadata.name}`;
    const others = podsOf(objects).filter((pod) => pod.name !== metadata.name);
    return [
      ...(selects(selector, template.metadata!.labels!) ? [] : [`${name} has other pods`]),
      ...others
        .filter(({ labels }) => selects(selector, labels))
        .map((pod) => `${name} takes the pods of ${pod.name} for its own`),
    ];
  });
}

function checkPod(pod: Pod, objects: readonly Rendered[]): string[] {
  const { serviceAccountName = 'default', topologySpreadConstraints = [] } = pod.spec;
  const accounts = ofKind(objects, 'ServiceAccount').map(({ metadata }) => metadata.name);
  const wrong = containersOf(pod.spec).flatMap((container) => checkContainer(container, pod.spec));
  if (![...accounts, 'default'].includes(serviceAccountName)) {
    wrong.push(`there is no account ${serviceAccountName}`);
  }
  for (const { labelSelector } of topologySpreadConstraints) {
    if (!selects(labelSelector!, pod.labels)) wrong.push('it is spread among other pods');
  }
  return wrong.map((what) => `${pod.name}: ${what}`);
}

function checkContainer(container: Container, { volumes = [] }: PodSpec): string[] {
  const { env = [], ports = [], volumeMounts = [] } = container;
  const { startupProbe, readinessProbe, livenessProbe } = container;
  const mounted = volumeMounts.map(({ name }) => name);
  const there = volumes.map(({ name }) => name);
  const variables = env.map(({ name }) => name);
  const probed = [startupProbe, readinessProbe, livenessProbe].flatMap((probe) =>
    probe?.httpGet ? [probe.httpGet.port] : [],
  );
  return [
    ...mounted.filter((name) => !there.includes(name)).map((name) => `no volume ${name}`),
    ...there.filter((name) => !mounted.includes(name)).map((name) => `nobody mounts ${name}`),
    ...variables
      .filter((name, at) => variables.indexOf(name) < at)
      .map((name) => `${name} is there twice`),
    ...probed
      .filter((port) => !ports.some(({ name }) => name === port))
      .map((port) => `a probe asks ${port}, which is no port`),
  ];
}

function checkServices(objects: readonly Rendered[], pods: readonly Pod[]): string[] {
  const services = ofKind(objects, 'Service').flatMap(({ metadata, spec }) => {
    const name = `Service ${metadata.name}`;
    const asked = spec!.ports!.map(({ targetPort }) => targetPort);
    return checkPorts(name, choose(pods, { matchLabels: spec!.selector! }), asked);
  });
  const backends = ofKind(objects, 'Ingress')
    .flatMap(({ spec }) => spec!.rules!.flatMap(({ http }) => http!.paths))
    .map(({ backend }) => backend.service!)
    .filter(({ name, port }) => !hasPort(objects, name, port!.name))
    .map(({ name, port }) => `the Ingress leads to ${name}:${port!.name}, which is not there`);
  return [...services, ...backends];
}

function hasPort(objects: readonly Rendered[], service: string, port?: string): boolean {
  const found = ofKind(objects, 'Service').find(({ metadata }) => metadata.name === service);
  return found?.spec!.ports!.some(({ name }) => name === port) ?? false;
}

function checkPolicies(objects: readonly Rendered[], pods: readonly Pod[]): string[] {
  return ofKind(objects, 'NetworkPolicy').flatMap(({ metadata, spec }) => {
    const asked = (spec!.ingress ?? []).flatMap(({ ports }) => ports!.map(({ port }) => port));
    return checkPorts(`NetworkPolicy ${metadata.name}`, choose(pods, spec!.podSelector), asked);
  });
}

function checkScale(objects: readonly Rendered[], pods: readonly Pod[]): string[] {
  const budgets = ofKind(objects, 'PodDisruptionBudget')
    .filter(({ spec }) => choose(pods, spec!.selector!).length !== 1)
    .map(({ metadata }) => `PodDisruptionBudget ${metadata.name} is not of one kind of pods`);
  const scaled = ofKind(objects, 'HorizontalPodAutoscaler')
    .map(({ spec }) => spec!.scaleTargetRef)
    .filter(({ name }) => !ofKind(objects, 'Deployment').some((it) => it.metadata.name === name))
    .map(({ kind, name }) => `there is no ${kind} ${name} to scale`);
  return [...budgets, ...scaled];
}

function checkPorts(
  name: string,
  pods: readonly Pod[],
  asked: readonly (string | number | undefined)[],
): string[] {
  if (pods.length === 0) return [`${name} has no pods`];
  return pods.flatMap((pod) =>
    asked
      .filter((port) => !portsOf(pod).some((known) => known === port))
      .map((port) => `${name} wants ${port}, which ${pod.name} does not have`),
  );
}

const choose = (pods: readonly Pod[], selector: LabelSelector): readonly Pod[] =>
  pods.filter(({ labels }) => selects(selector, labels));

function selects(selector: LabelSelector, labels: Labels): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values }) => {
      if (operator !== 'In') throw new Error(`${operator} is not known here`);
      return values!.includes(labels[key] ?? '');
    })
  );
}
