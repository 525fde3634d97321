/** What an account may, and whether it may anything now. */
import type { Account, Grant } from '../../api/accounts.ts';
import { Button } from '../../parts/button.tsx';

export function State({ account }: { readonly account: Account }) {
  const isOver = account.expiresAt !== undefined && Date.parse(account.expiresAt) <= Date.now();
  if (account.isDisabled) return <span class="badge dot ill">disabled</span>;
  if (isOver) return <span class="badge dot warn">expired</span>;
  return <span class="badge dot well">active</span>;
}

interface GrantsProps {
  readonly grants: readonly Grant[];
  /** Absent where nobody may take one away here. */
  readonly onTake?: (grant: Grant) => unknown;
}

export function Grants({ grants, onTake }: GrantsProps) {
  if (grants.length === 0) return <span class="soft">nothing of its own</span>;
  return (
    <ul class="grants">
      {grants.map((grant) => (
        <li key={`${grant.pattern} ${grant.actions.join()}`} class="line tight">
          <code>{grant.pattern}</code> <span class="soft">{grant.actions.join(', ')}</span>
          {onTake && (
            <Button look="quiet" isSquare icon="close" onPress={() => onTake(grant)}>
              {`Take away ${grant.pattern}`}
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}
