/** The operator's commands, a file for each noun; all speak to a running site over HTTP. */
import type { Command } from 'commander';
import { addAccountCommands } from './account.ts';
import { addApiCommand } from './api/api.ts';
import { addBackupCommands } from './backup/backup.ts';
import { addCompletionCommand } from './completion/completion.ts';
import { addActivityCommand } from './events/activity.ts';
import { addEventCommands } from './events/events.ts';
import { addGarbageCommands } from './garbage.ts';
import { addImportCommand } from './import/import.ts';
import { addProtectionCommands } from './lifecycle/protection.ts';
import { addQuotaCommands } from './lifecycle/quota.ts';
import { addRetentionCommands } from './lifecycle/retention.ts';
import { addProfileCommands } from './profile/profile.ts';
import { addSiteCommands } from './site.ts';
import { addStatusCommand } from './status.ts';
import { addTokenCommands } from './token.ts';
import { addImageCommands } from './tree/image.ts';
import { addTreeCommands } from './tree/tree.ts';
import { addVirtualCommands } from './virtual/index.ts';
import { addWaitCommand } from './wait.ts';
import { addWebhookCommands } from './events/webhook.ts';

export function addOperatorCommands(program: Command): void {
  addSiteCommands(program);
  addAccountCommands(program);
  addTokenCommands(program);
  addStatusCommand(program);
  addWaitCommand(program);
  addWebhookCommands(program);
  addActivityCommand(program);
  addEventCommands(program);
  addGarbageCommands(program);
  addProtectionCommands(program);
  addRetentionCommands(program);
  addQuotaCommands(program);
  addTreeCommands(program);
  addImageCommands(program);
  addVirtualCommands(program);
  addBackupCommands(program);
  addImportCommand(program);
  addProfileCommands(program);
  addApiCommand(program);
  addCompletionCommand(program);
}
