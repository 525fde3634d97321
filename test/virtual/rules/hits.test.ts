import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { digestOf } from '../../../src/oci/digest.ts';
import { openMemoryPorts } from '../../support/ports.ts';
import { call, imageWith, openStand, putImage, ref, type Stand, upstreamNamed } from './stand.ts';

/** Notes the name of each method that is called. */
function noting<Port extends object>(port: Port, names: string[]): Port {
  return new Proxy(port, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...values: unknown[]): unknown => {
        names.push(String(name));
        return (member as (...all: unknown[]) => unknown).apply(target, values);
      };
    },
  });
}

describe('a hit of a virtual registry', () => {
  const image = imageWith('app', [Buffer.alloc(10)]);
  const asked: string[] = [];
  let stand: Stand;

  beforeEach(async () => {
    const ports = await openMemoryPorts();
    const first = await openStand({ ports });
    await first.set([upstreamNamed('a'), upstreamNamed('b')]);
    putImage(first.remote('a'), image);
    await first.virtual.getManifest(call(), ref('latest'));
    for (const bytes of image.blobs) {
      const blob = await first.virtual.getBlob(call(), digestOf(bytes));
      await buffer(await first.virtual.openBlob(call(), blob));
    }
    await first.fill.settle();
    // Another process, which remembers nothing.
    const virtualCache = noting(ports.virtualCache, asked);
    const virtualRegistries = noting(ports.virtualRegistries, asked);
    stand = await openStand({ ports: { ...ports, virtualCache, virtualRegistries } });
    await stand.virtual.findRegistry('hub');
    asked.length = 0;
  });

  const get = (reference: string) => stand.virtual.getManifest(call(), ref(reference));

  it('asks the database once, and not at all when it is remembered', async () => {
    expect((await get('latest')).source).to.equal('hit');
    expect(asked).to.deep.equal(['findTagged']);
    await get('latest');
    await get(image.digest);
    await stand.virtual.headManifest(call(), ref('latest'));
    expect(asked).to.deep.equal(['findTagged']);
    stand.clock.advance({ seconds: 2 });
    await get('latest');
    expect(asked).to.deep.equal(['findTagged', 'findTags']);
  });

  it('asks once for a digest, and once for a blob', async () => {
    await get(image.digest);
    await get(image.digest);
    const digest = digestOf(image.config);
    for (let time = 0; time < 3; time += 1) {
      const blob = await stand.virtual.getBlob(call(), digest);
      await buffer(await stand.virtual.openBlob(call(), blob));
    }
    expect(asked).to.deep.equal(['findManifests', 'findBlobs']);
  });

  it('is shared by all who ask for the same at once', async () => {
    await Promise.all(Array.from({ length: 50 }, () => get('latest')));
    expect(asked).to.deep.equal(['findTagged']);
  });

  it('and a blob that is not here yet are looked for once by all who ask at once', async () => {
    const cold = imageWith('cold');
    putImage(stand.remote('a'), cold, { tag: 'cold' });
    await get('cold');
    asked.length = 0;
    const find = (digest = digestOf(cold.config)) => stand.virtual.getBlob(call(), digest);
    const found = await Promise.all(Array.from({ length: 50 }, () => find()));
    expect(found.map(({ isHere }) => isHere)).to.not.include(true);
    expect(asked).to.deep.equal(['findBlobs']);
  });
});
