import { expect } from 'chai';
import { parseS3Location, type S3Location } from '../../../src/storage/s3/location.ts';

const parse = (text: string): S3Location => parseS3Location(new URL(text));

describe('the URL of a bucket', () => {
  it('names a bucket alone', () => {
    expect(parse('s3://images')).to.deep.equal({
      bucket: 'images',
      prefix: '',
      isPathStyle: false,
    });
  });

  it('names a prefix, an endpoint, a region and the style of paths', () => {
    const text = 's3://images/a/b/?endpoint=http://127.0.0.1:9000&region=eu-1&pathStyle=true';
    expect(parse(text)).to.deep.equal({
      bucket: 'images',
      prefix: 'a/b/',
      endpoint: 'http://127.0.0.1:9000',
      region: 'eu-1',
      isPathStyle: true,
    });
  });

  for (const [text, problem] of [
    ['file:///images', 'begins with s3://'],
    ['s3:images', 'begins with s3://'],
    ['s3://key:secret@images', 'holds no credentials'],
    ['s3://images?endpont=http://x', 'no parameter "endpont"'],
    ['s3://images?endpoint=minio:9000', 'begins with http://'],
  ] as const) {
    it(`refuses ${text}`, () => {
      expect(() => parse(text)).to.throw(TypeError, problem);
    });
  }
});
