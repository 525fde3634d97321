import { expect } from 'chai';
import { mergeAccess, parseScope, printScope } from '../../src/oci/scope.ts';

describe('scope', () => {
  it('reads type from the left and actions from the right', () => {
    expect(parseScope('repository:host:5000/a/b:pull,push')).to.deep.equal({
      type: 'repository',
      name: 'host:5000/a/b',
      actions: ['pull', 'push'],
    });
  });

  it('drops a class and keeps each action once', () => {
    expect(parseScope('repository(plugin):a:pull,pull')).to.deep.equal({
      type: 'repository',
      name: 'a',
      actions: ['pull'],
    });
  });

  it('reads an entry without actions', () => {
    expect(parseScope('repository:a:')?.actions).to.deep.equal([]);
  });

  for (const text of ['', 'repository', 'repository:a', ':a:pull', 'repository::pull', 'x:a:P!']) {
    it(`refuses ${JSON.stringify(text)}`, () => expect(parseScope(text)).to.equal(undefined));
  }

  it('prints what it read', () => {
    expect(printScope(parseScope('registry:catalog:*')!)).to.equal('registry:catalog:*');
  });

  it('joins entries of the same resource', () => {
    const entries = ['repository:a:pull', 'repository:b:pull', 'repository:a:push'].map(
      (text) => parseScope(text)!,
    );
    expect(mergeAccess(entries).map(printScope)).to.deep.equal([
      'repository:a:pull,push',
      'repository:b:pull',
    ]);
  });
});
