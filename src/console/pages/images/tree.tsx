/** Groups, their projects and their repositories. */
import { useSignal } from '@preact/signals';
import { Empty } from '../../parts/await.tsx';
import { Icon } from '../../parts/icons.tsx';
import { Listed, usePages } from '../../parts/pages.tsx';
import { linkTo } from '../../router.ts';

interface Named {
  readonly name: string;
}

interface TreeProps {
  /** The repository that is shown; '' for none. */
  readonly open: string;
}

export function Tree({ open }: TreeProps) {
  const search = useSignal('');
  return (
    <nav class="card tree" aria-label="Repositories">
      <label class="inside">
        <span class="unseen">Search repositories</span>
        <input
          class="box"
          type="search"
          placeholder="Search"
          onInput={(event) => (search.value = event.currentTarget.value.trim().toLowerCase())}
        />
      </label>
      {search.value ? (
        <Found key={search.value} text={search.value} open={open} />
      ) : (
        <Groups open={open} />
      )}
    </nav>
  );
}

function Groups({ open }: TreeProps) {
  const pages = usePages<Named>('groups', '/api/v1/groups?n=100');
  return (
    <Listed pages={pages}>
      {(groups) =>
        groups.length === 0 ? (
          <NoImage />
        ) : (
          <ul>
            {groups.map(({ name }) => (
              <Group key={name} name={name} open={open} isFirst={groups.length === 1} />
            ))}
          </ul>
        )
      }
    </Listed>
  );
}

function NoImage() {
  return (
    <Empty icon="images" title="No images yet">
      Push the first one: <code>docker push {location.host}/team/app:1</code>
    </Empty>
  );
}

interface GroupProps extends TreeProps {
  readonly name: string;
  readonly isFirst: boolean;
}

function Group({ name, open, isFirst }: GroupProps) {
  const isOpen = useSignal(isFirst || open === name || open.startsWith(`${name}/`));
  return (
    <li>
      <button
        type="button"
        class="twig"
        aria-expanded={isOpen.value}
        onClick={() => (isOpen.value = !isOpen.value)}
      >
        <Icon name={isOpen.value ? 'down' : 'right'} />
        {name}
      </button>
      {isOpen.value && <Projects group={name} open={open} />}
    </li>
  );
}

/** Repositories under the names of their projects, where these hold more than themselves. */
function Projects({ group, open }: TreeProps & { readonly group: string }) {
  const path = `/api/v1/repositories?tree=${encodeURIComponent(group)}&n=200`;
  const pages = usePages<Named>('repositories', path);
  return (
    <Listed pages={pages}>
      {(repositories) => (
        <ul>
          {[...byProject(repositories)].map(([project, names]) => (
            <li key={project}>
              {names.length === 1 && names[0] === project ? (
                <Leaf
                  name={project}
                  text={project.slice(group.length + 1) || project}
                  open={open}
                />
              ) : (
                <Project name={project} names={names} open={open} />
              )}
            </li>
          ))}
        </ul>
      )}
    </Listed>
  );
}

function byProject(repositories: readonly Named[]): Map<string, string[]> {
  const projects = new Map<string, string[]>();
  for (const { name } of repositories) {
    const project = name.split('/', 2).join('/');
    projects.set(project, [...(projects.get(project) ?? []), name]);
  }
  return projects;
}

interface ProjectProps extends TreeProps {
  readonly name: string;
  readonly names: readonly string[];
}

function Project({ name, names, open }: ProjectProps) {
  return (
    <>
      <span class="project">{name.split('/').at(-1)}</span>
      <ul>
        {names.map((one) => (
          <li key={one}>
            <Leaf name={one} text={one.slice(name.length + 1) || 'itself'} open={open} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Leaf({ name, text, open }: TreeProps & { readonly name: string; readonly text: string }) {
  return (
    <a
      class="leaf"
      href={linkTo(`images/${name}`)}
      {...(name === open ? { 'aria-current': 'page' } : {})}
    >
      {text}
    </a>
  );
}

function Found({ text, open }: TreeProps & { readonly text: string }) {
  const path = `/api/v1/repositories?search=${encodeURIComponent(text)}&n=50`;
  const pages = usePages<Named>('repositories', path);
  return (
    <Listed pages={pages}>
      {(repositories) =>
        repositories.length === 0 ? (
          <p class="inside soft">No repository has “{text}” in its name.</p>
        ) : (
          <ul>
            {repositories.map(({ name }) => (
              <li key={name}>
                <Leaf name={name} text={name} open={open} />
              </li>
            ))}
          </ul>
        )
      }
    </Listed>
  );
}
