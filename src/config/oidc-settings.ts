/** Settings of the identity provider by which people sign in. */
import { given, optional } from './setting.ts';
import * as value from './values.ts';

const group = 'Signing in by an identity provider';

const words = (wanted: string, pattern: RegExp): value.Kind<string> => ({
  read: (text) => (pattern.test(text.trim()) ? text.trim() : undefined),
  wanted,
});

/** Compared with what ID tokens say, so it stays as it was typed. */
const issuer = words('must be an http or https URL', /^https?:\/\/[^\s?#@]+$/);
const claim = words('must be the name of a claim, such as groups', /^[\w:./-]{1,200}$/);
const scopes = words(
  'must be scopes with spaces, openid among them',
  /^(?=.*\bopenid\b)[\w:./ -]+$/,
);

const hosts: value.Kind<readonly string[]> = {
  read: (text) => {
    const items = text.split(',').map((item) => item.trim());
    const found = items.filter((item) => item !== '');
    return found.every((item) => /^[a-z0-9.-]+(?::\d{1,5})?$/.test(item)) ? found : undefined;
  },
  wanted: 'must be hosts separated by commas, such as oauth2.example.com, keys.example.com',
};

const WHO = {
  oidcIssuer: optional({
    variable: 'MERIDIAN_OIDC_ISSUER',
    kind: issuer,
    group,
    meaning:
      'Address of an OpenID Connect provider, below which `/.well-known/openid-configuration` ' +
      'lies. It sends browsers back to `/api/v1/session/provider/callback` of each site. Without ' +
      'it, nobody signs in that way.',
  }),
  oidcClientId: optional({
    variable: 'MERIDIAN_OIDC_CLIENT_ID',
    kind: value.text,
    group,
    meaning: 'What the provider calls this registry.',
  }),
  oidcClientSecret: optional({
    variable: 'MERIDIAN_OIDC_CLIENT_SECRET',
    kind: value.text,
    isSecret: true,
    group,
    meaning: 'What it shows to the provider; a public client has none.',
  }),
  oidcLabel: given({
    variable: 'MERIDIAN_OIDC_LABEL',
    kind: value.text,
    fallback: 'Single sign-on',
    group,
    meaning: 'What people call the provider.',
  }),
};

const CLAIMS = {
  oidcScopes: given({
    variable: 'MERIDIAN_OIDC_SCOPES',
    kind: scopes,
    fallback: 'openid profile email',
    group,
    meaning: 'What the provider is asked for; some give groups for a scope alone.',
  }),
  oidcNameClaim: given({
    variable: 'MERIDIAN_OIDC_NAME_CLAIM',
    kind: claim,
    fallback: 'preferred_username',
    group,
    meaning: 'Claim of the ID token that names the account which is made at the first sign-in.',
  }),
  oidcGroupsClaim: given({
    variable: 'MERIDIAN_OIDC_GROUPS_CLAIM',
    kind: claim,
    fallback: 'groups',
    group,
    meaning:
      'Claim that lists groups. At each sign-in the person is in the groups here whose external ' +
      'name it holds, and in no other group that has one.',
  }),
  oidcAlgorithm: given({
    variable: 'MERIDIAN_OIDC_ALGORITHM',
    kind: value.oneOf(['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA']),
    fallback: 'RS256',
    group,
    meaning: 'The one algorithm that signs its ID tokens.',
  }),
};

const REACH = {
  oidcHosts: given({
    variable: 'MERIDIAN_OIDC_HOSTS',
    kind: hosts,
    fallback: '',
    group,
    meaning: 'Further hosts of the provider, where its keys or tokens come from another one.',
  }),
  oidcNetworks: given({
    variable: 'MERIDIAN_OIDC_NETWORKS',
    kind: value.networks,
    fallback: '',
    group,
    meaning:
      'Private networks that the provider may be in, such as `10.0.0.0/8`; only there it may be ' +
      'asked over http. Without it, it has a public address and https.',
  }),
};

export const OIDC = { ...WHO, ...CLAIMS, ...REACH };
