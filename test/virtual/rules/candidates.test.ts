import { expect } from 'chai';
import type { VirtualUpstream } from '../../../src/oci/virtual-registry.ts';
import { findCandidates, honouredNamespace } from '../../../src/virtual/candidates.ts';
import { patternOf, repositoryNamed } from '../../support/content.ts';
import { upstreamNamed } from '../../support/virtual/cached.ts';

const names = (
  upstreams: readonly VirtualUpstream[],
  image: string,
  rest: { namespace?: string; upstream?: string } = {},
) => findCandidates(upstreams, { image: repositoryNamed(image), ...rest }).map(({ name }) => name);

describe('the upstreams that may answer for an image', () => {
  const internal = upstreamNamed('internal', { exclusive: [patternOf('acme/**')] });
  const hub = upstreamNamed('hub');

  it('are all of them in their order, where nothing is said', () => {
    expect(names([hub, upstreamNamed('quay')], 'team/app')).to.deep.equal(['hub', 'quay']);
  });

  it('are those whose patterns allow it and do not deny it', () => {
    const some = upstreamNamed('some', {
      allow: [patternOf('team/*')],
      deny: [patternOf('team/secret')],
    });
    expect(names([some, hub], 'team/app')).to.deep.equal(['some', 'hub']);
    expect(names([some, hub], 'team/secret')).to.deep.equal(['hub']);
    expect(names([some, hub], 'other/app')).to.deep.equal(['hub']);
  });

  it('A35 are the owners of an exclusive name space alone, whatever their place', () => {
    expect(names([hub, internal], 'acme/app')).to.deep.equal(['internal']);
    expect(names([internal, hub], 'team/app')).to.deep.equal(['internal', 'hub']);
  });

  it('A35 are none where the owner may not answer', () => {
    const denied = upstreamNamed('internal', {
      exclusive: [patternOf('acme/**')],
      deny: [patternOf('acme/old')],
    });
    expect(names([denied, hub], 'acme/old')).to.deep.equal([]);
    expect(names([internal, hub], 'acme/app', { upstream: 'hub' })).to.deep.equal([]);
  });

  it('A33 are told by both spellings of an official image', () => {
    const { origin } = hub;
    const rewritesLibrary = { ...origin, rewritesLibrary: true } as VirtualUpstream['origin'];
    const noAlpine = upstreamNamed('hub', { deny: [patternOf('library/alpine')] });
    const denied = { ...noAlpine, origin: rewritesLibrary };
    expect(names([denied], 'alpine')).to.deep.equal([]);
    expect(names([denied], 'library/alpine')).to.deep.equal([]);
    const short = upstreamNamed('hub', { deny: [patternOf('alpine')] });
    expect(names([{ ...short, origin: rewritesLibrary }], 'library/alpine')).to.deep.equal([]);
    expect(names([denied], 'team/alpine')).to.deep.equal(['hub']);
  });

  it('V17 are those of the name space that a mirror is asked for', () => {
    const docker = upstreamNamed('docker', { namespace: 'docker.io' });
    const quay = upstreamNamed('quay', { namespace: 'quay.io' });
    expect(names([docker, quay], 'team/app', { namespace: 'quay.io' })).to.deep.equal(['quay']);
    expect(names([docker, quay], 'team/app', { namespace: 'ghcr.io' })).to.deep.equal([]);
    expect(names([docker, quay], 'team/app')).to.deep.equal(['docker', 'quay']);
  });

  it('V17 do not hear of a name space where no upstream has one', () => {
    expect(names([hub], 'team/app', { namespace: 'quay.io' })).to.deep.equal(['hub']);
    expect(honouredNamespace([hub], { namespace: 'quay.io' })).to.equal(undefined);
  });
});
