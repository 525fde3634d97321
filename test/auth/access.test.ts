import { expect } from 'chai';
import {
  administers,
  anonymousRights,
  callerWithRights,
  callerWithToken,
  grantAccess,
  nobody,
  type Rights,
  visiblePatterns,
} from '../../src/auth/access.ts';
import type { Access } from '../../src/oci/scope.ts';
import type { Grant } from '../../src/storage/accounts.ts';
import { grant } from '../support/auth-stand.ts';
import { patternOf, repositoryNamed } from '../support/content.ts';

const APP = repositoryNamed('acme/app');

function rights(grants: readonly Grant[], limits?: Rights['limits']): Rights {
  return { account: 'ann', grants, ...(limits ? { limits } : {}) };
}

function scope(name: string, ...actions: string[]): Access {
  return { type: 'repository', name, actions };
}

const api: Access = { type: 'registry', name: 'api', actions: ['*'] };

describe('access', () => {
  describe('a caller with a token', () => {
    const pusher = rights([grant('acme/*', 'pull', 'push')]);

    it('is granted what the token holds and the account still has', () => {
      const caller = callerWithToken(pusher, [scope(APP, 'pull', 'push')]);
      expect(caller.judge('pull', APP)).to.equal('granted');
      expect(caller.judge('push', APP)).to.equal('granted');
    });

    it('is asked for a token where there is no entry, or less was asked for (T18)', () => {
      expect(callerWithToken(pusher, []).judge('pull', APP)).to.equal('ask');
      expect(callerWithToken(pusher, [scope(APP, 'pull')]).judge('push', APP)).to.equal('ask');
      const other = [scope('acme/other', 'pull')];
      expect(callerWithToken(pusher, other).judge('pull', APP)).to.equal('ask');
    });

    it('is denied what was asked for and cannot be had (T18, T19)', () => {
      const caller = callerWithToken(pusher, [scope(APP)]);
      expect(caller.judge('delete', APP)).to.equal('denied');
    });

    it('loses what the account lost since (A23)', () => {
      const caller = callerWithToken(rights([]), [scope(APP, 'pull', 'push')]);
      expect(caller.judge('pull', APP)).to.equal('denied');
    });

    it('overwrites only with a grant for that, however often it may push (A25)', () => {
      const held = [scope(APP, 'pull', 'push')];
      expect(callerWithToken(pusher, held).judge('overwrite', APP)).to.equal('denied');
      const mover = rights([grant('acme/*', 'push', 'overwrite')]);
      expect(callerWithToken(mover, held).judge('overwrite', APP)).to.equal('granted');
      expect(callerWithToken(mover, [scope(APP, 'pull')]).judge('overwrite', APP)).to.equal('ask');
    });

    it('administers only with a token that was asked for that (A20)', () => {
      const all = rights([grant('**', 'admin')]);
      const held = [scope(APP, 'pull', 'push', 'delete')];
      expect(callerWithToken(all, held)).to.have.property('isAdministrator', false);
      expect(callerWithToken(all, held).mayManage('ann')).to.equal(false);
      expect(callerWithToken(all, held).judge('admin', APP)).to.equal('ask');
      expect(callerWithToken(all, [api])).to.have.property('isAdministrator', true);
      expect(callerWithToken(pusher, [api])).to.have.property('isAdministrator', false);
      expect(callerWithToken(pusher, [api]).mayManage('ann')).to.equal(true);
      expect(callerWithToken(pusher, [api]).mayManage('bob')).to.equal(false);
    });

    it('sees of the catalog what it may pull', () => {
      const catalog: Access = { type: 'registry', name: 'catalog', actions: ['*'] };
      expect(callerWithToken(pusher, [catalog]).judgeCatalog()).to.deep.equal({
        verdict: 'granted',
        visible: ['acme/*'],
      });
      expect(callerWithToken(pusher, []).judgeCatalog().verdict).to.equal('ask');
      const refused = [{ ...catalog, actions: [] }];
      expect(callerWithToken(pusher, refused).judgeCatalog()).to.deep.equal({
        verdict: 'denied',
        visible: [],
      });
    });
  });

  describe('a caller with an access token', () => {
    const all = [grant('**', 'admin')];

    it('may at most what it names, where it names it', () => {
      const limits = { actions: ['pull'] as const, patterns: [patternOf('acme/*')] };
      const caller = callerWithRights(rights(all, limits));
      expect(caller.judge('pull', APP)).to.equal('granted');
      expect(caller.judge('push', APP)).to.equal('denied');
      expect(caller.judge('pull', repositoryNamed('other/app'))).to.equal('denied');
      expect(caller).to.have.property('isAdministrator', false);
      expect(caller.judgeCatalog().visible).to.deep.equal(['acme/*']);
    });

    it('never gives what the account does not have', () => {
      const limits = { actions: ['admin'] as const, patterns: [] };
      const caller = callerWithRights(rights([grant('acme/*', 'pull')], limits));
      expect(caller.judge('push', APP)).to.equal('denied');
      expect(caller.isAdministrator).to.equal(false);
    });

    it('does not manage its own account, whose limits it could shed', () => {
      const limits = { actions: [], patterns: [] };
      const person = [grant('acme/*', 'pull')];
      expect(callerWithRights(rights(person, limits)).mayManage('ann')).to.equal(false);
      expect(callerWithRights(rights(person)).mayManage('ann')).to.equal(true);
    });

    it('administers only without a limit below the whole', () => {
      expect(administers(rights(all, { actions: [], patterns: [] }))).to.equal(true);
      expect(administers(rights(all, { actions: ['admin'], patterns: [] }))).to.equal(true);
      const below = { actions: [], patterns: [patternOf('acme/**')] };
      expect(administers(rights(all, below))).to.equal(false);
    });

    it('shows nothing of the catalog without pull', () => {
      expect(visiblePatterns(rights(all, { actions: ['delete'], patterns: [] }))).to.deep.equal([]);
    });
  });

  it('gives admin on a path all rights there, and none elsewhere', () => {
    const caller = callerWithRights(rights([grant('acme/**', 'admin')]));
    for (const action of ['pull', 'push', 'overwrite', 'delete', 'admin'] as const) {
      expect(caller.judge(action, APP)).to.equal('granted');
      expect(caller.judge(action, repositoryNamed('acmes/app'))).to.equal('denied');
    }
    expect(caller.isAdministrator).to.equal(false);
  });

  it('grants nobody anything, and asks for everything', () => {
    expect(nobody.judge('pull', APP)).to.equal('ask');
    expect(nobody.judgeCatalog()).to.deep.equal({ verdict: 'ask', visible: [] });
    expect(nobody.mayManage('')).to.equal(false);
    expect(callerWithToken(anonymousRights([]), [api]).mayManage('')).to.equal(false);
  });

  it('grants an anonymous token neither catalog nor API (A21)', () => {
    const asked = [api, scope('public/a', 'pull', 'push')];
    expect(grantAccess(asked, anonymousRights([patternOf('public/*')]))).to.deep.equal([
      { ...api, actions: [] },
      scope('public/a', 'pull'),
    ]);
  });
});
