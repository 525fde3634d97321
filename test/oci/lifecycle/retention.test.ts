import { expect } from 'chai';
import type { KeepRules } from '../../../src/oci/lifecycle/policy.ts';
import { listUnkept, type TagAge } from '../../../src/oci/lifecycle/retention.ts';
import { tagNamed } from '../../support/content.ts';
import { immutable, retention } from '../../support/lifecycle/policies.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const NOW = new Date('2026-11-21T00:00:00Z');

const ago = (days: number) => new Date(NOW.getTime() - days * DAY_MS);

/** Pushed, and pulled, so many days ago. */
function aged(tag: string, pushed: number, pulled?: number): TagAge {
  const common = { tag: tagNamed(tag), pushedAt: ago(pushed) };
  return pulled === undefined ? common : { ...common, pulledAt: ago(pulled) };
}

const BASIS = { at: NOW, arePullsKnown: true };
const TAGS = [aged('a', 1), aged('b', 2, 1), aged('c', 3), aged('d', 40), aged('e', 50, 5)];

describe('a retention', () => {
  it('keeps so many of what was pushed, or pulled, last', () => {
    expect(unkept({ lastPushed: 2 })).to.deep.equal(['c', 'd', 'e']);
    expect(unkept({ lastPulled: 2 })).to.deep.equal(['c', 'd', 'e']);
    expect(unkept({ lastPulled: 4 })).to.deep.equal(['d']);
    expect(unkept({ lastPushed: 9 })).to.deep.equal([]);
  });

  it('keeps what was pushed, or pulled, within some days', () => {
    expect(unkept({ pushedWithinDays: 3 })).to.deep.equal(['d', 'e']);
    expect(unkept({ pulledWithinDays: 10 })).to.deep.equal(['d']);
  });

  it('keeps what any of its rules keeps, and what any other retention keeps', () => {
    expect(unkept({ lastPushed: 1, pulledWithinDays: 5 })).to.deep.equal(['d']);
    const all = retention({ lastPushed: 1 });
    const some = retention({ lastPushed: 1 }, { name: 'some', tags: ['c', 'd'] });
    expect(unkept(all, some)).to.deep.equal(['b', 'd', 'e']);
  });

  it('speaks of its own tags alone, and of none that is protected', () => {
    const policies = [
      retention({ lastPushed: 1 }, { tags: ['b', 'c', 'd'] }),
      immutable({ tags: ['c'] }),
    ];
    expect(listUnkept(policies, TAGS, BASIS).map(({ tag }) => tag)).to.deep.equal(['d']);
    expect(listUnkept([], TAGS, BASIS)).to.deep.equal([]);
  });

  it('goes by no pull while some may be unknown, and by pushes all the same', () => {
    const unsure = { at: NOW, arePullsKnown: false };
    const goneBy = (...rules: KeepRules[]) =>
      listUnkept(
        rules.map((rule) => retention(rule)),
        TAGS,
        unsure,
      );
    expect(goneBy({ pulledWithinDays: 1, lastPushed: 1 })).to.deep.equal([]);
    expect(goneBy({ lastPulled: 1 })).to.deep.equal([]);
    expect(goneBy({ lastPushed: 4 }).map(({ tag }) => tag)).to.deep.equal(['e']);
  });

  it('has one order also of what was pushed at the same time', () => {
    const same = ['x', 'z', 'y'].map((tag) => aged(tag, 1));
    const gone = listUnkept([retention({ lastPushed: 1 })], same, BASIS).map(({ tag }) => tag);
    expect(gone).to.deep.equal(['x', 'y']);
  });
});

/** What goes of these tags by these rules. */
function unkept(...rules: (KeepRules | ReturnType<typeof retention>)[]): string[] {
  const policies = rules.map((rule) => ('kind' in rule ? rule : retention(rule)));
  return listUnkept(policies, TAGS, BASIS).map(({ tag }) => tag);
}
