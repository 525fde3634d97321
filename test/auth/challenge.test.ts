import { expect } from 'chai';
import { printChallenge } from '../../src/auth/challenge.ts';

const scope = (name: string, ...actions: string[]) => ({ type: 'repository', name, actions });

describe('challenge', () => {
  const baseUrl = 'https://registry.example:5000';

  it('names realm, service and scope, the realm with scheme and port (T2, T4)', () => {
    const scopes = [scope('acme/app', 'pull', 'push')];
    expect(printChallenge({ baseUrl, service: 'meridian', scopes })).to.equal(
      'Bearer realm="https://registry.example:5000/jwt/auth",service="meridian",' +
        'scope="repository:acme/app:pull,push"',
    );
  });

  it('names all scopes in one parameter, and the error (T17, T19)', () => {
    const scopes = [scope('a', 'pull', 'push'), scope('b', 'pull')];
    const text = printChallenge({ baseUrl, service: 'm', scopes, error: 'insufficient_scope' });
    expect(text).to.include('scope="repository:a:pull,push repository:b:pull"');
    expect(text).to.match(/,error="insufficient_scope"$/);
  });

  it('leaves out a scope where there is none', () => {
    const text = printChallenge({ baseUrl, service: 'm', scopes: [] });
    expect(text).not.to.include('scope');
  });

  it('lets nothing break out of its quotes', () => {
    const text = printChallenge({ baseUrl, service: 'a"b\\c\r\nX: y', scopes: [] });
    expect(text).to.match(/service="a\\"b\\\\cX: y"$/);
  });
});
