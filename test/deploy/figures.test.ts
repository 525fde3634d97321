/** Alerts and the dashboard: each figure that they ask for is one that a site gives. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import { requireProgram, run } from '../support/programs/commands.ts';
import { findPort, startProgram } from '../support/programs/program.ts';

const RULES = 'deploy/prometheus/meridian.rules.yml';
const DASHBOARD = 'deploy/grafana/meridian.json';

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly expr: string }[] }[];
}

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly w: number };
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

/** What Prometheus itself tells of a target. */
const OF_PROMETHEUS = new Set(['up']);

/** The names of figures in an expression, as the type lines of `/metrics` have them. */
function namesIn(expression: string): string[] {
  const names = expression.match(/\b(?:up|(?:meridian|process|nodejs)_[a-z0-9_]+)\b/g) ?? [];
  return names.map((name) => name.replace(/_(?:bucket|count)$/, ''));
}

describe('the figures that operators watch', function () {
  this.timeout(60_000);
  const rules = parse(readFileSync(RULES, 'utf8')) as Rules;
  const dashboard = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as Dashboard;
  let given: Set<string>;
  let text: string;

  before(async () => {
    const port = await findPort();
    const metrics = `127.0.0.1:${port}`;
    const site = await startProgram({ env: { MERIDIAN_METRICS_LISTEN: metrics } });
    try {
      await fetch(new URL('/v2/team/app/manifests/v1', site.url));
      text = await (await fetch(`http://${metrics}/metrics`)).text();
    } finally {
      await site.stop();
    }
    given = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!));
  });

  it('are those that a site gives', () => {
    const expressions = [
      ...rules.groups.flatMap((group) => group.rules.map(({ expr }) => expr)),
      ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ];
    for (const expression of expressions) {
      const names = namesIn(expression).filter((name) => !OF_PROMETHEUS.has(name));
      if (!/\bup\{/.test(expression)) expect(names, expression).not.to.deep.equal([]);
      for (const name of names) expect([...given], expression).to.include(name);
    }
  });

  it('name a route as a site does', () => {
    const routes = dashboard.panels.flatMap(({ targets }) =>
      targets.flatMap(({ expr }) => /route="([^"]+)"/.exec(expr)?.[1] ?? []),
    );
    expect(routes).not.to.deep.equal([]);
    for (const route of routes) expect(text).to.include(`route="${route}"`);
  });

  it('are alerts that Prometheus takes, and that ring when they should', async function () {
    requireProgram('promtool', this);
    await run(['promtool', 'check', 'rules', RULES]);
    await run(['promtool', 'test', 'rules', 'test/deploy/alerts.test.yml']);
  });

  it('are drawn once each, within the width of the page', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).to.be.at.most(24);
    }
  });
});
