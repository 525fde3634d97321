import { expect } from 'chai';
import { matchPath } from '../../src/http/match-path.ts';
import { ROUTES } from '../../src/http/routes.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('matchPath', () => {
  it('reads each path of the table of routes', () => {
    for (const { path } of ROUTES) {
      const url = path
        .replace('<name>', 'a/b')
        .replace('<virtual>', 'virtual_registries/containers/hub/alpine')
        .replace('<digest>', DIGEST)
        .replace('<reference>', 'latest')
        .replace('<id>', 'some-id');
      expect(matchPath(url)?.path, url).to.equal(path);
    }
  });

  it('takes the operation from the right, so that names may hold its words (6)', () => {
    const names = ['a/blobs/b', 'x/manifests', 'tags/list', 'blobs/uploads', 'manifests', 'v2'];
    for (const name of names) {
      expect(matchPath(`/v2/${name}/manifests/latest`)).to.deep.include({ name, last: 'latest' });
      expect(matchPath(`/v2/${name}/tags/list`)).to.deep.include({ name });
      expect(matchPath(`/v2/${name}/blobs/${DIGEST}`)).to.deep.include({ name, last: DIGEST });
      expect(matchPath(`/v2/${name}/blobs/uploads/`)).to.deep.include({ name });
      expect(matchPath(`/v2/${name}/blobs/uploads/1-2`)).to.deep.include({ name, last: '1-2' });
    }
  });

  it('knows images of virtual registries, by either spelling', () => {
    const virtual = { registry: 'hub', image: 'library/alpine' };
    for (const spelling of ['container', 'containers']) {
      const name = `virtual_registries/${spelling}/hub/library/alpine`;
      const path = '/v2/<virtual>/manifests/<reference>';
      const match = { path, name, last: 'latest', virtual };
      expect(matchPath(`/v2/${name}/manifests/latest`)).to.deep.equal(match);
      const upload = '/v2/<virtual>/blobs/<digest>/upload';
      expect(matchPath(`/v2/${name}/blobs/${DIGEST}/upload`)?.path).to.equal(upload);
      expect(matchPath(`/v2/${name}/referrers/${DIGEST}/upload`)).to.equal(undefined);
    }
    const none = { name: 'virtual_registries/containers/hub', last: 'latest' };
    const match = matchPath('/v2/virtual_registries/containers/hub/manifests/latest');
    expect(match).to.deep.equal({ ...none, path: '/v2/<virtual>/manifests/<reference>' });
  });

  it('takes every name for an image under a host that is a mirror (V17)', () => {
    const path = '/v2/library/alpine/manifests/latest';
    const match = { path: '/v2/<virtual>/manifests/<reference>', name: 'library/alpine' };
    const virtual = { registry: 'hub', image: 'library/alpine' };
    expect(matchPath(path, 'hub')).to.deep.equal({ ...match, last: 'latest', virtual });
    const other = 'virtual_registries/containers/private/secret';
    expect(matchPath(`/v2/${other}/tags/list`, 'hub')?.virtual).to.deep.equal({
      registry: 'hub',
      image: other,
    });
    expect(matchPath('/v2/_catalog', 'hub')).to.equal(undefined);
    expect(matchPath('/v2/', 'hub')?.path).to.equal('/v2/');
  });

  it('takes a path with and without its last slash (T31)', () => {
    expect(matchPath('/v2/a/blobs/uploads')?.path).to.equal('/v2/<name>/blobs/uploads/');
    expect(matchPath('/v2/a/tags/list/')?.path).to.equal('/v2/<name>/tags/list');
    expect(matchPath('/v2')?.path).to.equal('/v2/');
  });

  it('decodes %3A and leaves what is no separator as it stands (T30, A3)', () => {
    expect(matchPath(`/v2/a/blobs/${DIGEST.replace(':', '%3A')}`)?.last).to.equal(DIGEST);
    expect(matchPath('/v2/a%2Fb/manifests/latest')?.name).to.equal('a%2Fb');
    expect(matchPath('/v2/a/manifests/..%2f..%2fetc')?.last).to.equal('..%2f..%2fetc');
    expect(matchPath('/v2/a/manifests/%00')?.last).to.equal('%00');
    expect(matchPath('/v2/a/manifests/%e0%a4%a')).to.equal(undefined);
  });

  it('knows nothing of other paths', () => {
    for (const path of ['/', '/v1/', '/v2/a', '/v2/tags/list', '/v2/a/tags', '/v2//manifests/x']) {
      expect(matchPath(path), path).to.equal(undefined);
    }
  });
});
