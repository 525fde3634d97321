/** What an account may, and whether it may anything now. */
import type { Account, Grant } from '../../api/accounts.ts';

export function State({ account }: { readonly account: Account }) {
  const isOver = account.expiresAt !== undefined && Date.parse(account.expiresAt) <= Date.now();
  if (account.isDisabled) return <span class="badge dot ill">disabled</span>;
  if (isOver) return <span class="badge dot warn">expired</span>;
  return <span class="badge dot well">active</span>;
}

export function Grants({ grants }: { readonly grants: readonly Grant[] }) {
  if (grants.length === 0) return <span class="soft">nothing of its own</span>;
  return (
    <ul class="grants">
      {grants.map(({ pattern, actions }) => (
        <li key={pattern}>
          <code>{pattern}</code> <span class="soft">{actions.join(', ')}</span>
        </li>
      ))}
    </ul>
  );
}
