import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import { isSecret, sign, writeLetter } from '../../src/events/letter.ts';
import { completionOf } from '../../src/oci/events/event.ts';
import { blobOf, repositoryNamed, tagNamed } from '../support/content.ts';

const at = new Date('2026-01-02T03:04:05.678Z');
const event = completionOf(
  {
    site: 'lisbon',
    repository: repositoryNamed('acme/app'),
    digest: blobOf('a'),
    tags: [tagNamed('v1')],
    arrivedAt: '2026-01-02T03:04:04.000Z',
  },
  at,
);
const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

const sender = { cluster: 'acme', site: 'tokyo' };
const secretOf = (bytes: number) => `whsec_${Buffer.alloc(bytes, 1).toString('base64')}`;

describe('a letter', () => {
  it('is a CloudEvent that is the same each time', () => {
    const { headers, body } = writeLetter({ event, sender, at });
    const later = writeLetter({ event, sender, at: new Date(at.getTime() + 60_000) });
    expect(later.body).to.equal(body);
    expect(later.headers['webhook-id']).to.equal(headers['webhook-id']);
    expect(headers).to.deep.equal({
      'Content-Type': 'application/cloudevents+json; charset=utf-8',
      'User-Agent': 'Meridian',
      'webhook-id': event.id,
      'webhook-timestamp': '1767323045',
    });
    expect(JSON.parse(body)).to.deep.equal({
      specversion: '1.0',
      id: event.id,
      source: '/acme/lisbon',
      type: 'meridian.image.complete',
      subject: `acme/app@${blobOf('a')}`,
      time: '2026-01-02T03:04:05.678Z',
      datacontenttype: 'application/json',
      data: event.data,
    });
  });

  it('is signed over its id, its time and its body', () => {
    const { headers, body } = writeLetter({ event, sender, secret, at });
    const content = `${event.id}.1767323045.${body}`;
    const expected = createHmac('sha256', Buffer.alloc(32, 7)).update(content).digest('base64');
    expect(headers['webhook-signature']).to.equal(`v1,${expected}`);
  });

  it('is signed as the example of the specification is', () => {
    const content = 'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}';
    expect(sign('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', content)).to.equal(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  it('takes secrets of 24 to 64 bytes in base64', () => {
    for (const bytes of [24, 32, 64]) expect(isSecret(secretOf(bytes)), `${bytes}`).to.equal(true);
    for (const bytes of [0, 23, 65]) expect(isSecret(secretOf(bytes)), `${bytes}`).to.equal(false);
    for (const text of ['', 'hunter2', secretOf(32).slice('whsec_'.length), `${secretOf(32)}!`]) {
      expect(isSecret(text), text).to.equal(false);
    }
  });
});
