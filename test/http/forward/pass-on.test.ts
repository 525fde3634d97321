import { expect } from 'chai';
import { isUpload } from '../../../src/http/forward/pass-on.ts';

describe('a request that is passed on', () => {
  it('is an upload by its path alone', () => {
    for (const url of ['/v2/a/blobs/uploads/', '/v2/a/b/blobs/uploads/?digest=x', uploadAt('a')]) {
      expect(isUpload(url), url).to.equal(true);
    }
  });

  it('is none for what its repository is called, or its query says', () => {
    const repository = 'team/blobs/uploads/app';
    expect(isUpload(uploadAt(repository))).to.equal(true);
    for (const url of [
      `/v2/${repository}/manifests/v1`,
      `/v2/${repository}/tags/list?n=2`,
      '/v2/a/manifests/v1?x=/blobs/uploads/',
      '/v2/a/blobs/sha256:0',
    ]) {
      expect(isUpload(url), url).to.equal(false);
    }
  });
});

function uploadAt(repository: string): string {
  return `/v2/${repository}/blobs/uploads/5f0c?_state=a/b`;
}
