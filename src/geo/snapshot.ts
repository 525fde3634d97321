/** The snapshot that a primary gives to a site that its change log has forgotten. */
import type { ChangeLog } from '../storage/change-log.ts';
import type { SnapshotAnswer } from '../storage/geo/primary-site.ts';
import type { Snapshot, SnapshotKey, SnapshotPart } from '../storage/geo/snapshot.ts';
import type { SiteRole } from './role.ts';

interface Dependencies {
  readonly changeLog: Pick<ChangeLog, 'head'>;
  readonly snapshot: Pick<Snapshot, 'read'>;
  readonly role: Pick<SiteRole, 'assertPrimary'>;
}

export class SnapshotPages {
  readonly #changeLog: Dependencies['changeLog'];
  readonly #snapshot: Dependencies['snapshot'];
  readonly #role: Dependencies['role'];

  constructor({ changeLog, snapshot, role }: Dependencies) {
    this.#changeLog = changeLog;
    this.#snapshot = snapshot;
    this.#role = role;
  }

  /**
   * A page, with a position of the log that is no later than any of its rows.
   * @throws RegistryError with 409 where this site is not the primary
   */
  async read(part: SnapshotPart, after?: SnapshotKey): Promise<SnapshotAnswer> {
    const position = await this.#changeLog.head();
    const epoch = await this.#role.assertPrimary();
    return { position, epoch, ...(await this.#snapshot.read(part, after)) };
  }
}
