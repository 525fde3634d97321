/** What this site was set to, as far as it is no secret. */
import { useAnswer } from '../api/live.ts';
import { Await } from '../parts/await.tsx';
import { Table } from '../parts/table.tsx';

interface Setting {
  readonly variable: string;
  readonly group: string;
  readonly meaning: string;
  readonly value: string | null;
  readonly isHidden: boolean;
}

interface SettingsAnswer {
  readonly site: string;
  readonly cluster: string;
  readonly version: string;
  readonly settings: readonly Setting[];
}

export function Settings() {
  const asked = useAnswer<SettingsAnswer>('/api/v1/settings');
  return (
    <>
      <header>
        <div>
          <h1>Settings</h1>
          <p>
            As the program read them when it started. They are changed in its environment or its
            file, and hold from its next start on.
          </p>
        </div>
      </header>
      <Await asked={asked}>{(answer) => <All {...answer} />}</Await>
    </>
  );
}

function All({ site, cluster, version, settings }: SettingsAnswer) {
  const groups = [...new Set(settings.map(({ group }) => group))];
  return (
    <>
      <p class="line">
        <span class="badge accent">site {site}</span>
        <span class="badge">cluster {cluster}</span>
        <span class="badge">version {version}</span>
      </p>
      {groups.map((group) => (
        <section key={group} class="card">
          <header>
            <h2>{group}</h2>
          </header>
          <Table
            caption={`Settings: ${group}`}
            rows={settings.filter((setting) => setting.group === group)}
            keyOf={({ variable }) => variable}
            columns={[
              { name: 'Setting', show: ({ variable }) => <code>{variable}</code> },
              { name: 'Value', show: (setting) => <Value setting={setting} /> },
              {
                name: 'What it does',
                show: ({ meaning }) => <span class="soft">{meaning.replaceAll('`', '')}</span>,
              },
            ]}
          />
        </section>
      ))}
    </>
  );
}

function Value({ setting: { value, isHidden } }: { readonly setting: Setting }) {
  if (isHidden) return <span class="badge">set, and secret</span>;
  if (value === null) return <span class="soft">not set</span>;
  return <code>{value}</code>;
}
