import { expect } from 'chai';
import {
  anonymousRights,
  callerWithRights,
  callerWithToken,
  grantAccess,
  type Rights,
} from '../../../src/auth/access.ts';
import { SiteCaller } from '../../../src/auth/calls/site-calls.ts';
import type { Access } from '../../../src/oci/scope.ts';
import type { Grant } from '../../../src/storage/accounts.ts';
import { grant } from '../../support/auth-stand.ts';
import { patternOf, repositoryNamed } from '../../support/content.ts';

const NAME = 'virtual_registries/containers/hub/library/alpine';
const OTHER_SPELLING = 'virtual_registries/container/hub/library/alpine';
const ALPINE = repositoryNamed(NAME);
const READ = 'read_virtual_registry';

function rights(grants: readonly Grant[], limits?: Rights['limits']): Rights {
  return { account: 'ann', grants, ...(limits ? { limits } : {}) };
}

function scope(name: string, ...actions: string[]): Access {
  return { type: 'repository', name, actions };
}

const reader = rights([grant('virtual_registries/containers/hub/**', READ)]);

/** A reader, through an access token. */
function limited(limits: Rights['limits']) {
  return callerWithRights(rights(reader.grants, limits));
}

describe('access to virtual registries', () => {
  it('V18: is granted by its own right alone, which admin holds and pull does not', () => {
    const everything = ['pull', 'push', 'overwrite', 'delete'] as const;
    const puller = rights([grant('**', ...everything)]);
    const admin = rights([grant('virtual_registries/**', 'admin')]);
    const held = [scope(NAME, 'pull')];
    for (const [who, verdict] of [
      [reader, 'granted'],
      [admin, 'granted'],
      [puller, 'denied'],
      [anonymousRights([patternOf('**')]), 'denied'],
    ] as const) {
      expect(callerWithRights(who).judge(READ, ALPINE)).to.equal(verdict);
      expect(callerWithToken(who, held).judge(READ, ALPINE)).to.equal(verdict);
    }
  });

  it('V18: opens no other registry, and nothing of this one', () => {
    const caller = callerWithRights(reader);
    const other = repositoryNamed('virtual_registries/containers/private/library/alpine');
    expect(caller.judge(READ, other)).to.equal('denied');
    expect(caller.judge('pull', repositoryNamed('acme/app'))).to.equal('denied');
    expect(caller.judge('pull', ALPINE)).to.equal('denied');
  });

  it('A22: gives a token for it pull and no more, by either spelling', () => {
    const asked = [scope(OTHER_SPELLING, 'pull', 'push', 'delete', 'admin'), scope(NAME, '*')];
    expect(grantAccess(asked, reader)).to.deep.equal([scope(NAME, 'pull')]);
    const admin = rights([grant('**', 'admin')]);
    expect(grantAccess(asked, admin)).to.deep.equal([scope(NAME, 'pull')]);
    const puller = rights([grant('**', 'pull')]);
    expect(grantAccess(asked, puller)).to.deep.equal([scope(NAME)]);
  });

  it('A21: gives an anonymous token nothing of it, whatever anybody may pull', () => {
    const anybody = anonymousRights([patternOf('**')]);
    expect(grantAccess([scope(NAME, 'pull')], anybody)).to.deep.equal([scope(NAME)]);
  });

  it('asks for a token that was asked for it (T18)', () => {
    expect(callerWithToken(reader, []).judge(READ, ALPINE)).to.equal('ask');
    expect(callerWithToken(reader, [scope(NAME, 'pull')]).judge(READ, ALPINE)).to.equal('granted');
    expect(callerWithToken(rights([]), [scope(NAME, 'pull')]).judge(READ, ALPINE)).to.equal(
      'denied',
    );
  });

  it('follows the limits of an access token', () => {
    const below = {
      actions: [],
      patterns: [patternOf('virtual_registries/containers/hub/acme/**')],
    };
    expect(limited({ actions: ['pull'], patterns: [] }).judge(READ, ALPINE)).to.equal('denied');
    expect(limited({ actions: [READ], patterns: [] }).judge(READ, ALPINE)).to.equal('granted');
    expect(limited(below).judge(READ, ALPINE)).to.equal('denied');
  });

  it('lets another site read, and write nothing', () => {
    const site = new SiteCaller('lisbon');
    expect(site.judge(READ)).to.equal('granted');
    expect(site.judge('push')).to.equal('denied');
  });
});
