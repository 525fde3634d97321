import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { SharedFiles } from '../../../src/storage/filesystem/shared-files.ts';

describe('a file that many read', () => {
  const files = new SharedFiles();
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'meridian-'));
    file = join(folder, 'staging');
    await writeFile(file, 'first');
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('is opened once, whether they come at once or later, and closed behind the last', async () => {
    const [one, other] = (await Promise.all([files.take(file), files.take(file)])).map(given);
    const late = given(await files.take(file));
    expect([other!.handle, late.handle]).to.deep.equal([one!.handle, one!.handle]);
    await one!.letGo();
    await other!.letGo();
    expect(late.handle.fd).to.be.at.least(0);
    await late.letGo();
    expect(late.handle.fd).to.equal(-1);
  });

  it('is opened anew once nobody had it any more', async () => {
    await given(await files.take(file)).letGo();
    const again = given(await files.take(file));
    expect(await again.handle.readFile('utf8')).to.equal('first');
    await again.letGo();
  });

  it('is another one where it was taken away and begun anew', async () => {
    const old = given(await files.take(file));
    await rm(file);
    await writeFile(file, 'the second');
    const young = given(await files.take(file));
    expect([old.sizeBytes, young.sizeBytes]).to.deep.equal([5, 10]);
    expect(await young.handle.readFile('utf8')).to.equal('the second');
    expect(await old.handle.readFile('utf8')).to.equal('first');
    await Promise.all([old.letGo(), young.letGo()]);
  });

  it('is nothing where there is none', async () => {
    expect(await files.take(join(folder, 'none'))).to.equal(undefined);
  });
});

function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('it is not there');
  return value;
}
