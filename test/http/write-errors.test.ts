import { expect } from 'chai';
import { toAnswer } from '../../src/http/write-errors.ts';
import { RegistryError } from '../../src/oci/error.ts';
import { NotPrimary, StorageFull, StorageUnavailable } from '../../src/storage/failure.ts';

const textOf = (error: unknown) => (toAnswer(error).body as Buffer).toString();
const bodyOf = (error: unknown) => JSON.parse(textOf(error));

describe('what a client is told of an error', () => {
  it('is the catalog, with the headers of the error', () => {
    const error = new RegistryError('TOOMANYREQUESTS', { headers: { 'Retry-After': '30' } });
    const answer = toAnswer(error);
    expect(answer.status).to.equal(429);
    expect(answer.headers).to.include({
      'Content-Type': 'application/json',
      'Retry-After': '30',
      'Docker-Distribution-Api-Version': 'registry/2.0',
    });
    expect(bodyOf(error).errors[0].code).to.equal('TOOMANYREQUESTS');
  });

  it('is 503 with Retry-After where the storage is away', () => {
    for (const error of [new StorageUnavailable('gone'), new NotPrimary('fenced')]) {
      expect(toAnswer(error).status).to.equal(503);
      expect(toAnswer(error).headers).to.include({ 'Retry-After': '5' });
      expect(bodyOf(error).errors[0].message).not.to.include(error.message);
    }
  });

  it('is 507 where there is no room', () => {
    expect(toAnswer(new StorageFull('disk')).status).to.equal(507);
    expect(bodyOf(new StorageFull('disk')).errors[0].message).to.match(/no room/);
  });

  it('is nothing of an error that nobody foresaw', () => {
    const error = new TypeError('secret at /var/lib');
    expect(toAnswer(error).status).to.equal(500);
    expect(textOf(error)).not.to.match(/secret|TypeError/);
  });
});
