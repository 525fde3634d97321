import { expect } from 'chai';
import { HttpCourier } from '../../../src/storage/http/courier.ts';
import { openReceiver, type Receiver } from './receiver.ts';

const TIMEOUT_MS = 300;
const letter = { headers: { 'webhook-id': 'a' }, body: '{"é":1}' };
const never = new AbortController().signal;

describe('the courier', () => {
  const courier = new HttpCourier({ networks: ['127.0.0.0/8', '::1'], timeoutMs: TIMEOUT_MS });
  const strict = new HttpCourier({ networks: [], timeoutMs: TIMEOUT_MS });
  let receiver: Receiver;

  beforeEach(async () => {
    receiver = await openReceiver();
  });
  afterEach(() => receiver.close());

  const post = (url: string, signal = never) => courier.post({ url, ...letter }, signal);

  it('posts the letter and gives the status', async () => {
    expect(await post(receiver.url)).to.deep.equal({ status: 204 });
    const [told] = receiver.told;
    expect(told!.body).to.equal(letter.body);
    expect(told!.headers).to.include({ 'webhook-id': 'a', 'content-length': '8' });
  });

  it('goes by the name of a host too', async () => {
    const url = receiver.url.replace('127.0.0.1', 'localhost');
    expect(await post(url)).to.deep.equal({ status: 204 });
  });

  it('follows no redirect', async () => {
    const other = await openReceiver();
    receiver.answer = (response) => response.writeHead(307, { Location: other.url }).end();
    expect(await post(receiver.url)).to.deep.equal({ status: 307 });
    expect(other.told).to.deep.equal([]);
    await other.close();
  });

  it('says why there is no answer', async () => {
    expect(await post('http://nobody.invalid/')).to.deep.equal({ failure: 'unknown-host' });
    receiver.answer = (response) => response.destroy();
    expect(await post(receiver.url)).to.deep.equal({ failure: 'broken' });
    receiver.answer = () => undefined;
    expect(await post(receiver.url)).to.deep.equal({ failure: 'timeout' });
    const gone = await openReceiver();
    await gone.close();
    expect(await post(gone.url)).to.deep.equal({ failure: 'no-connection' });
  });

  it('ends when it is told to', async () => {
    receiver.answer = () => undefined;
    const ending = new AbortController();
    const posted = post(receiver.url, ending.signal);
    ending.abort();
    expect(await posted).to.deep.equal({ failure: 'broken' });
  });

  it('breaks off an answer that is long, or comes slowly', async () => {
    const closed = new Promise((resolve) => {
      receiver.answer = (response) => {
        response.on('close', () => resolve(response.writableFinished));
        response.writeHead(200);
        const write = () => {
          while (response.write(Buffer.alloc(16_384)));
        };
        response.on('drain', write);
        write();
      };
    });
    expect(await post(receiver.url)).to.deep.equal({ status: 200 });
    expect(await closed).to.equal(false);
    const isCut = new Promise((resolve) => {
      receiver.answer = (response) => {
        response.on('close', () => resolve(true));
        response.writeHead(200).write('a');
      };
    });
    expect(await post(receiver.url)).to.deep.equal({ status: 200 });
    expect(await isCut).to.equal(true);
  });

  it('reaches no address that is not public, however it is written', async () => {
    const { port } = new URL(receiver.url);
    const hosts = ['127.0.0.1', '127.1', '0x7f000001', '2130706433', '127.0.0.1.', 'localhost'];
    for (const host of [...hosts, '[::1]', '[::ffff:127.0.0.1]', '0', '0.0.0.0']) {
      const url = `http://${host}:${port}/`;
      expect(await strict.findFault(url), host).to.be.a('string');
      const posted = await strict.post({ url, ...letter }, never);
      expect(posted, host).to.deep.equal({ failure: 'forbidden-address' });
    }
    expect(receiver.told).to.deep.equal([]);
  });

  it('finds what is wrong with a URL', async () => {
    expect(await courier.findFault(receiver.url)).to.equal(undefined);
    expect(await courier.findFault('https://nobody.invalid/')).to.equal(undefined);
    const wrong = ['', 'nowhere', 'file:///etc/passwd', 'gopher://a.test', 'ftp://a.test'];
    for (const url of [...wrong, 'http://user:secret@127.0.0.1/']) {
      expect(await courier.findFault(url), url).to.be.a('string');
    }
  });
});
