/** The units of systemd and the Dockerfile: the same program, started in the same way. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { NODE_FLAGS } from '../../src/processes.ts';

const FOLDER = 'deploy/systemd';
const COMMANDS: Readonly<Record<string, string>> = {
  'meridian.service': 'serve',
  'meridian-worker.service': 'worker',
  'meridian-migrate.service': 'migrate',
};

/** `Key=value` lines of a unit; of those that are given twice, the last. */
function readUnit(name: string): ReadonlyMap<string, string> {
  const lines = readFileSync(join(FOLDER, name), 'utf8').split('\n');
  const settings = lines.filter((line) => /^[A-Z]\w*=/.test(line));
  return new Map(settings.map((line): [string, string] => splitOnce(line)));
}

function splitOnce(line: string): [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}

describe('the units of systemd', () => {
  it('are one for each program of a site', () => {
    expect(readdirSync(FOLDER)).to.have.members(Object.keys(COMMANDS));
  });

  for (const [name, command] of Object.entries(COMMANDS)) {
    it(`start ${command} as the package says, and not as root`, () => {
      const unit = readUnit(name);
      const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as {
        bin: { meridian: string };
      };
      const words = unit.get('ExecStart')!.split(' ');
      expect(words[0]).to.equal('/usr/bin/node');
      expect(words).to.include(`/opt/meridian/${bin.meridian}`);
      expect(words.slice(-3)).to.deep.equal([command, '--config', '/etc/meridian/site.yml']);
      if (command !== 'migrate') expect(words).to.include.members([...NODE_FLAGS]);
      expect(unit.get('User')).to.equal('meridian');
      expect(unit.get('NoNewPrivileges')).to.equal('true');
      expect(unit.get('ProtectSystem')).to.equal('strict');
      expect(unit.get('StateDirectory')).to.equal('meridian');
    });
  }

  it('start nothing again whose settings are wrong', () => {
    expect(readUnit('meridian.service').get('RestartPreventExitStatus')).to.equal('2');
  });
});

describe('the Dockerfile', () => {
  const text = readFileSync('deploy/Dockerfile', 'utf8');

  it('does not run as root, and says how it is', () => {
    expect(text).to.match(/^USER 10001:10001$/m);
    expect(text).to.match(/^HEALTHCHECK /m);
    expect(text).to.match(/^STOPSIGNAL SIGTERM$/m);
  });

  it('is made of images that are named without a host', () => {
    const bases = [...text.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
    expect(bases).to.deep.equal(['node:20-bookworm-slim', 'node:20-bookworm-slim']);
  });
});
