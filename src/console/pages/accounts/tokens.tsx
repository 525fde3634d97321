/** Access tokens of an account: what scripts show instead of a password. */
import { useSignal } from '@preact/signals';
import { send } from '../../api/client.ts';
import { type Asked, useAnswer } from '../../api/live.ts';
import { Await, Empty } from '../../parts/await.tsx';
import { DeleteButton, DialogButton } from '../../parts/dialog.tsx';
import { Check, Field, Lines, readLines, readTime } from '../../parts/field.tsx';
import { report } from '../../parts/report.ts';
import { Secret } from '../../parts/secret.tsx';
import { Table } from '../../parts/table.tsx';
import { ACTIONS } from './new-account.tsx';

interface Token {
  readonly id: string;
  readonly label: string;
  readonly actions: readonly string[];
  readonly patterns: readonly string[];
  readonly expiresAt?: string;
}

type TokenList = Asked<{ readonly accessTokens: readonly Token[] }>;

function pathOf(account: string): string {
  return `/api/v1/accounts/${account}/access-tokens`;
}

export function useTokens(account: string): TokenList {
  return useAnswer(pathOf(account));
}

interface TokensProps {
  readonly account: string;
  readonly asked: TokenList;
}

export function Tokens({ account, asked }: TokensProps) {
  const path = pathOf(account);
  const secret = useSignal<string | undefined>(undefined);
  const create = async (fields: FormData) => {
    const made = await send<{ readonly secret: string }>('POST', path, readToken(fields));
    secret.value = made?.secret;
    await asked.refresh();
  };
  return (
    <section class="card">
      <header>
        <h2>Access tokens</h2>
        <DialogButton title="New token" icon="add" action="Make it" onSubmit={create}>
          <TokenFields />
        </DialogButton>
      </header>
      {secret.value && <Secret what="token" text={secret.value} />}
      <Await asked={asked}>
        {({ accessTokens }) =>
          accessTokens.length === 0 ? (
            <NoToken />
          ) : (
            <List path={path} tokens={accessTokens} onChange={asked.refresh} />
          )
        }
      </Await>
    </section>
  );
}

function NoToken() {
  return (
    <Empty icon="key" title="No access tokens">
      Make one for each machine that logs in, with no more than it needs.
    </Empty>
  );
}

function TokenFields() {
  return (
    <>
      <Field label="Label" name="label" hint="What it is for." isRequired />
      <fieldset class="form">
        <legend>At most this; all that the account may where nothing is chosen</legend>
        <div class="checks">
          {ACTIONS.map((action) => (
            <Check key={action} name="actions" value={action}>
              {action.replaceAll('_', ' ')}
            </Check>
          ))}
        </div>
      </fieldset>
      <Lines label="Only there" name="patterns" hint="Such as team/**, one in each line." />
      <Field label="Good until" name="expiresAt" type="datetime-local" />
    </>
  );
}

function readToken(fields: FormData) {
  const expiresAt = readTime(fields, 'expiresAt');
  return {
    label: fields.get('label'),
    actions: fields.getAll('actions'),
    patterns: readLines(fields.get('patterns')),
    ...(expiresAt ? { expiresAt } : {}),
  };
}

interface ListProps {
  readonly path: string;
  readonly tokens: readonly Token[];
  readonly onChange: () => Promise<void>;
}

function List({ path, tokens, onChange }: ListProps) {
  const remove = async ({ id, label }: Token) => {
    await send('DELETE', `${path}/${id}`);
    report('well', `The token ${label} has ended.`);
    await onChange();
  };
  return (
    <Table
      caption="Access tokens"
      rows={tokens}
      keyOf={({ id }) => id}
      columns={[
        { name: 'Label', show: ({ label }) => <strong>{label}</strong> },
        { name: 'At most', show: ({ actions }) => actions.join(', ') || 'all' },
        { name: 'Only there', show: ({ patterns }) => patterns.join(', ') || 'everywhere' },
        { name: 'Good until', show: ({ expiresAt }) => printUntil(expiresAt) },
        {
          name: 'Actions',
          show: (token) => (
            <DeleteButton what={`the token ${token.label}`} isSquare onDelete={() => remove(token)}>
              Whoever shows it is refused from now on, at every site.
            </DeleteButton>
          ),
        },
      ]}
    />
  );
}

function printUntil(time: string | undefined): string {
  return time === undefined ? 'somebody ends it' : new Date(time).toLocaleString();
}
