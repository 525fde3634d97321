/** The identity provider of a site, where it has one; its library is loaded when somebody comes. */
import { ProviderPeople } from '../auth/people/provider-people.ts';
import { ProviderSignIn } from '../auth/people/provider-sign-in.ts';
import { SealedAttempts } from '../auth/people/sealed-attempt.ts';
import { systemClock as clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { systemRandomness as randomness } from '../randomness.ts';
import type { Site } from '../site.ts';
import type { IdentityProvider } from '../storage/people/identity-provider.ts';
import { once } from './once.ts';

/** @returns `undefined` where nobody signs in that way */
export function openProviderSignIn(site: Site): ProviderSignIn | undefined {
  const { config, ports, identity, auth, log } = site;
  const load = describeProvider(config);
  if (!load) return undefined;
  const claimNames = { name: config.oidcNameClaim, groups: config.oidcGroupsClaim };
  return new ProviderSignIn({
    loadProvider: once(load),
    people: new ProviderPeople({ ...ports, clock, claimNames }),
    sessions: auth.sessions,
    attempts: new SealedAttempts({ ...identity, clock, randomness }),
    log,
  });
}

function describeProvider(config: Config): (() => Promise<IdentityProvider>) | undefined {
  const { oidcIssuer: issuer, oidcClientId: clientId, oidcClientSecret: clientSecret } = config;
  if (!issuer || !clientId) return undefined;
  return async () => {
    const { OidcProvider } = await import('../storage/oidc/provider.ts');
    return new OidcProvider({
      issuer,
      clientId,
      ...(clientSecret ? { clientSecret } : {}),
      scopes: config.oidcScopes,
      algorithm: config.oidcAlgorithm,
      hosts: config.oidcHosts,
      networks: config.oidcNetworks,
      clock,
    });
  };
}
