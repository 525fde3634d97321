/** All pages: a row for each. */
import type { FunctionComponent } from 'preact';
import type { IconName } from '../parts/icons.tsx';

export interface PageEntry {
  /** First level of its path; what lies below is the page's own. */
  readonly path: string;
  readonly name: string;
  readonly icon: IconName;
  /** Whether those who do not administer the registry see it too. */
  readonly isForAll?: boolean;
  readonly load: () => Promise<FunctionComponent>;
}

export const PAGES: readonly PageEntry[] = [
  {
    path: 'sites',
    name: 'Sites',
    icon: 'sites',
    load: async () => (await import('./sites/sites.tsx')).Sites,
  },
  {
    path: 'replication',
    name: 'Replication',
    icon: 'replication',
    load: async () => (await import('./replication/replication.tsx')).Replication,
  },
  {
    path: 'images',
    name: 'Images',
    icon: 'images',
    isForAll: true,
    load: async () => (await import('./images/images.tsx')).Images,
  },
  {
    path: 'virtual',
    name: 'Virtual registries',
    icon: 'virtual',
    load: async () => (await import('./virtual/virtual.tsx')).Virtual,
  },
  {
    path: 'activity',
    name: 'Activity',
    icon: 'activity',
    isForAll: true,
    load: async () => (await import('./activity.tsx')).Activity,
  },
  {
    path: 'accounts',
    name: 'Accounts',
    icon: 'accounts',
    isForAll: true,
    load: async () => (await import('./accounts/accounts.tsx')).Accounts,
  },
  {
    path: 'policies',
    name: 'Policies',
    icon: 'policies',
    load: async () => (await import('./policies/policies.tsx')).Policies,
  },
  {
    path: 'webhooks',
    name: 'Webhooks',
    icon: 'webhooks',
    load: async () => (await import('./webhooks/webhooks.tsx')).Webhooks,
  },
  {
    path: 'audit',
    name: 'Audit log',
    icon: 'audit',
    load: async () => (await import('./audit.tsx')).Audit,
  },
  {
    path: 'settings',
    name: 'Settings',
    icon: 'settings',
    load: async () => (await import('./settings.tsx')).Settings,
  },
];

/** The page of a path; the first one that may be seen for an unknown path. */
export function findPage(pages: readonly PageEntry[], path: string): PageEntry {
  const [first] = path.split('/');
  return pages.find((page) => page.path === first) ?? pages[0]!;
}
