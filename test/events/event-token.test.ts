import { expect } from 'chai';
import { EventToken, isEventToken } from '../../src/events/event-token.ts';
import { systemRandomness as randomness } from '../../src/randomness.ts';
import { MemoryEventTokens } from '../../src/storage/memory/events/event-tokens.ts';

describe('the token of external registries', () => {
  const secretKey = Buffer.alloc(32, 7);

  it('is the same however often it is shown, until it is reset', async () => {
    const token = new EventToken({ eventTokens: new MemoryEventTokens(), randomness, secretKey });
    expect(await token.isRight(`mre_${'a'.repeat(43)}`)).to.equal(false);
    const first = await token.show();
    expect(isEventToken(first)).to.equal(true);
    expect(await token.show()).to.equal(first);
    expect(await token.isRight(first)).to.equal(true);
    const second = await token.reset();
    expect(await token.isRight(first)).to.equal(false);
    expect(await token.isRight(second)).to.equal(true);
  });

  it('cannot be made of what the database has (A26i)', async () => {
    const eventTokens = new MemoryEventTokens();
    const token = await new EventToken({ eventTokens, randomness, secretKey }).show();
    expect(token).to.not.include(await eventTokens.find());
    const other = new EventToken({ eventTokens, randomness, secretKey: Buffer.alloc(32, 8) });
    expect(await other.isRight(token)).to.equal(false);
    const none = new EventToken({ eventTokens, randomness, secretKey: undefined });
    expect(await none.isRight(token)).to.equal(false);
    const refused = await none.show().catch((error: Error) => error);
    expect(refused).to.have.property('message').that.includes('MERIDIAN_SECRET_KEY');
  });
});
