import { expect } from 'chai';
import { hasProgram, requireProgram, run } from '../support/programs/commands.ts';
import { runMeridian } from '../support/programs/meridian.ts';

async function print(shell: string): Promise<string> {
  const { status, stdout, stderr } = await runMeridian(['completion', shell]);
  expect(status, stderr).to.equal(0);
  return stdout;
}

/** What bash offers behind these words, of which the last is being typed. */
async function complete(...words: readonly string[]): Promise<string[]> {
  const script = await print('bash');
  const line = ['meridian', ...words].map((word) => `'${word}'`).join(' ');
  const asked = `COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _meridian`;
  const printed = await run([
    'bash',
    '-c',
    `${script}\n${asked}\nprintf '%s\\n' "\${COMPREPLY[@]}"`,
  ]);
  return printed.trim().split('\n');
}

describe('meridian completion', function () {
  this.timeout(30_000);

  it('completes commands, their commands and their options in bash', async function () {
    requireProgram('bash', this);
    expect(await complete('ser')).to.deep.equal(['serve']);
    expect(await complete('')).to.include.members(['site', 'import', 'backup', 'migrate']);
    expect(await complete('')).not.to.include('demo-site');
    expect(await complete('site', 're')).to.include.members(['remove', 'resume', 'resync']);
    expect(await complete('site', 'remove', 'lisbon', '--j')).to.deep.equal(['--json']);
    expect(await complete('serve', '--c')).to.deep.equal(['--config']);
  });

  it('is read by zsh and fish', async () => {
    for (const shell of ['zsh', 'fish']) {
      const script = await print(shell);
      expect(script).to.include('import').and.to.include('resync');
      if (hasProgram(shell)) await run([shell, '-n'], { input: script });
    }
  });

  it('knows no other shell', async () => {
    const { status, stderr } = await runMeridian(['completion', 'sh']);
    expect(status).to.equal(2);
    expect(stderr).to.include('Shells are bash, zsh, fish.');
  });
});
