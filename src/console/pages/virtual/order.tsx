/** The upstreams of a registry in the order in which they are asked, by drag or by keys. */
import { useSignal } from '@preact/signals';
import { send } from '../../api/client.ts';
import type { Registry } from '../../api/virtual.ts';
import { Button } from '../../parts/button.tsx';
import { DialogButton } from '../../parts/dialog.tsx';
import { Choice } from '../../parts/field.tsx';
import { Icon } from '../../parts/icons.tsx';
import { report } from '../../parts/report.ts';

interface Props {
  readonly registry: Registry;
  readonly names: readonly string[];
  readonly onChange: () => Promise<void>;
}

export function OrderedUpstreams({ registry, names, onChange }: Props) {
  const { name, upstreams } = registry;
  const dragged = useSignal<number | undefined>(undefined);
  const save = async (order: readonly string[]) => {
    await send('PUT', `/api/v1/virtual_registries/${name}`, { upstreams: order });
    await onChange();
  };
  const move = async (from: number, to: number) => {
    if (from === to || to < 0 || to >= upstreams.length) return;
    await save(moved(upstreams, from, to));
    report('well', `The upstream ${upstreams[from]} is asked at place ${to + 1} now.`);
  };
  const drop = (to: number) => {
    const from = dragged.value;
    dragged.value = undefined;
    if (from !== undefined) {
      move(from, to).catch((error: Error) => report('ill', error.message));
    }
  };
  return (
    <div class="form">
      <h3>Upstreams, the first is asked first</h3>
      <ol class="order">
        {upstreams.map((upstream, index) => (
          <li
            key={upstream}
            draggable
            class={dragged.value === index ? 'dragged' : ''}
            onDragStart={() => (dragged.value = index)}
            onDragEnd={() => (dragged.value = undefined)}
            onDragOver={(event) => event.preventDefault()}
            onDrop={() => drop(index)}
          >
            <Icon name="grip" />
            <span>{upstream}</span>
            <Places
              upstream={upstream}
              isFirst={index === 0}
              isLast={index === upstreams.length - 1}
              onMove={(by) => move(index, index + by)}
              onLeave={() => save(upstreams.filter((one) => one !== upstream))}
            />
          </li>
        ))}
      </ol>
      <AddUpstream
        names={names.filter((one) => !upstreams.includes(one))}
        save={save}
        registry={registry}
      />
    </div>
  );
}

interface PlacesProps {
  readonly upstream: string;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly onMove: (by: -1 | 1) => Promise<void>;
  readonly onLeave: () => Promise<void>;
}

function Places({ upstream, isFirst, isLast, onMove, onLeave }: PlacesProps) {
  return (
    <span class="line tight far">
      <Button look="quiet" isSquare icon="up" isDisabled={isFirst} onPress={() => onMove(-1)}>
        Ask {upstream} sooner
      </Button>
      <Button look="quiet" isSquare icon="down" isDisabled={isLast} onPress={() => onMove(1)}>
        Ask {upstream} later
      </Button>
      <Button look="quiet" isSquare icon="close" onPress={onLeave}>
        Take {upstream} out
      </Button>
    </span>
  );
}

interface AddProps {
  readonly registry: Registry;
  readonly names: readonly string[];
  readonly save: (order: readonly string[]) => Promise<void>;
}

function AddUpstream({ registry, names, save }: AddProps) {
  if (names.length === 0) return null;
  const add = (fields: FormData) => save([...registry.upstreams, fields.get('upstream') as string]);
  return (
    <p>
      <DialogButton
        title={`List an upstream in ${registry.name}`}
        words="List another"
        icon="add"
        action="List it"
        onSubmit={add}
      >
        <Choice
          label="Upstream"
          name="upstream"
          value={names[0]}
          options={Object.fromEntries(names.map((one) => [one, one]))}
        />
      </DialogButton>
    </p>
  );
}

function moved(list: readonly string[], from: number, to: number): string[] {
  const rest = list.filter((_, index) => index !== from);
  return [...rest.slice(0, to), list[from]!, ...rest.slice(to)];
}
