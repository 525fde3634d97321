/** What clients trip over when they log in: T1, T2, T14 to T18, T20 and T21. */
import { expect } from 'chai';
import type { Context } from 'mocha';
import { skip } from '../../support/skips.ts';
import { basic, type Challenge, Client, type Credentials, challengeOf } from '../client.ts';
import { expectError } from '../errors.ts';
import { type Answer, exchange, headerOf, jsonOf, startSlowly } from '../exchange.ts';
import { expectStatus, locationOf } from '../repository.ts';
import type { Stage } from '../stage.ts';

const HOUR_MS = 60 * 60 * 1000;

export function describeTokenTraps(stage: Stage): void {
  describe('Traps of logging in', () => {
    describeChallenges(stage);
    describeTokenAnswers(stage);
    describeLifetimes(stage);
    describeRights(stage);
  });
}

interface TokenAnswer {
  readonly token?: string;
  readonly access_token?: string;
  readonly refresh_token?: string;
  readonly expires_in?: number;
  readonly issued_at?: string;
  readonly scope?: string;
}

/** The challenge of a registry with accounts and tokens; the line is pending against others. */
async function bearer(stage: Stage, test: Context): Promise<[Challenge, Credentials]> {
  const credentials = stage.credentials(test);
  const challenge = await stage.client.findChallenge();
  if (challenge?.scheme !== 'bearer') return skip(test, 'it needs a token endpoint');
  return [challenge, credentials];
}

function getToken(challenge: Challenge, query: string, credentials: Credentials): Promise<Answer> {
  const url = new URL(challenge.realm);
  url.search = `service=${encodeURIComponent(challenge.service)}&${query}`;
  return exchange({ method: 'GET', url, headers: { Authorization: basic(credentials) } });
}

function postToken(challenge: Challenge, form: Record<string, string>): Promise<Answer> {
  const body = new URLSearchParams({
    service: challenge.service,
    client_id: 'conformance',
    ...form,
  });
  return exchange({
    method: 'POST',
    url: new URL(challenge.realm),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(body.toString()),
  });
}

function describeChallenges(stage: Stage): void {
  it('T1 answers 401 to an anonymous GET /v2/, whatever is public', async function () {
    stage.credentials(this);
    expectStatus(await stage.client.send('GET', '/v2/', { authorization: '' }), 401);
  });

  it('T2 serves the token endpoint at the host and port of the registry', async function () {
    const [challenge] = await bearer(stage, this);
    const realm = new URL(challenge.realm);
    expect(realm.host).to.equal(stage.url.host);
    expect(realm.protocol).to.equal(stage.url.protocol);
  });

  it('T17 says whether a token lacks rights or is bad', async function () {
    const [challenge] = await bearer(stage, this);
    const repository = stage.repository();
    await repository.pushImage('v1');
    const token = await stage.client.token(challenge, '');
    const lacking = await repository.send('GET', 'manifests/v1', {
      authorization: `Bearer ${token}`,
    });
    expect(challengeOf(lacking)).to.include({ error: 'insufficient_scope' });
    expect(challengeOf(lacking)?.scope).to.equal(`repository:${repository.name}:pull`);
    const bad = await repository.send('GET', 'manifests/v1', { authorization: 'Bearer a.b.c' });
    expect(challengeOf(bad)).to.include({ error: 'invalid_token' });
  });

  it('T20 offers Bearer and not Basic beside it', async function () {
    await bearer(stage, this);
    const answer = await stage.client.send('GET', '/v2/', { authorization: '' });
    expect(headerOf(answer, 'WWW-Authenticate')).to.not.match(/Basic/i);
  });

  it('T21 answers 401 to a wrong password by POST and by GET', async function () {
    const [challenge, { user }] = await bearer(stage, this);
    const wrong = { user, password: 'wrong' };
    const posted = await postToken(challenge, {
      grant_type: 'password',
      username: user,
      password: wrong.password,
    });
    expectStatus(posted, 401);
    expectStatus(await getToken(challenge, '', wrong), 401);
    const right = await getToken(challenge, '', stage.credentials(this));
    expectStatus(right, 200);
  });
}

function describeTokenAnswers(stage: Stage): void {
  it('T14 gives a refresh token only where asked, and takes it by POST', async function () {
    const [challenge, credentials] = await bearer(stage, this);
    const scope = `repository:${stage.repository().name}:pull,push`;
    const plain = await getToken(challenge, `scope=${scope}`, credentials);
    expect(jsonOf<TokenAnswer>(plain)).to.not.have.property('refresh_token');
    const offline = await getToken(challenge, `scope=${scope}&offline_token=true`, credentials);
    const { refresh_token } = jsonOf<TokenAnswer>(offline);
    if (refresh_token === undefined) skip(this, 'it needs refresh tokens');
    const form = { grant_type: 'refresh_token', refresh_token, scope };
    const answer = await postToken(challenge, form);
    expectStatus(answer, 200);
    expect(jsonOf<TokenAnswer>(answer).access_token).to.be.a('string');
    expect(jsonOf<TokenAnswer>(answer).scope).to.equal(scope);
    const authorization = `Bearer ${refresh_token}`;
    expectStatus(await stage.client.send('GET', '/v2/', { authorization }), 401);
  });

  it('T15 gives tokens of at least 300 seconds, issued now', async function () {
    const [challenge, credentials] = await bearer(stage, this);
    const answer = await getToken(challenge, '', credentials);
    const { token, access_token, expires_in, issued_at } = jsonOf<TokenAnswer>(answer);
    expect(token).to.equal(access_token);
    expect(expires_in).to.be.at.least(300);
    if (issued_at === undefined) return;
    const answeredMs = Date.parse(headerOf(answer, 'Date'));
    expect(Math.abs(Date.parse(issued_at) - answeredMs)).to.be.below(60_000);
  });
}

function describeLifetimes(stage: Stage): void {
  it('T16 lets a PATCH end whose token expired while it ran', async function () {
    const { url, passTime } = await stage.need('aging', this)();
    const repository = stage.repositoryOf(url);
    const blob = stage.fixtures.blob(2000);
    const location = await repository.openUpload();
    const headers = await repository.client.headersFor(location);
    const body = blob.bytes.subarray(0, 1000);
    const patch = startSlowly({ method: 'PATCH', url: location, headers, body });
    await patch.started;
    passTime(HOUR_MS);
    const answer = await patch.finish(blob.bytes.subarray(1000));
    expectStatus(answer, 202);
    expectStatus(await repository.close(locationOf(answer), blob.digest), 201);
  });
}

function describeRights(stage: Stage): void {
  it('T18 answers the same for a private and for a missing repository', async function () {
    const addAccount = stage.need('addAccount', this);
    const secret = stage.repository('secret');
    await secret.pushImage('v1');
    const missing = stage.repository('secret');
    const stranger = await addAccount([]);
    const shapes = [];
    for (const repository of [secret, missing]) {
      const answer = await stage.as(stranger, repository).getManifest('v1');
      shapes.push([answer.status, answer.body.toString().replaceAll(repository.name, '')]);
    }
    expect(shapes[0]).to.deep.equal(shapes[1]);
  });

  it('T18 answers 403 DENIED where the token was asked for this and is empty', async function () {
    const addAccount = stage.need('addAccount', this);
    const repository = stage.repository();
    await repository.pushImage('v1');
    const reader = await addAccount([{ pattern: repository.name, actions: ['pull'] }]);
    const limited = stage.as(reader, repository);
    expectStatus(await limited.getManifest('v1'), 200);
    expectError(await limited.startUpload(), 403, 'DENIED');
    expectError(await limited.send('DELETE', 'manifests/v1'), 403, 'DENIED');
  });

  it('T18 gives an anonymous caller nothing of a private repository', async function () {
    await bearer(stage, this);
    const repository = stage.repository();
    await repository.pushImage('v1');
    const anonymous = stage.repositoryAt(repository.name, new Client(stage.url));
    expectStatus(await anonymous.getManifest('v1'), 401, 403, 404);
    expectStatus(await anonymous.startUpload(), 401, 403);
  });
}
