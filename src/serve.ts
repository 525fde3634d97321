/** Running a site: `serve`, `worker` and `migrate`. */
import type { Config } from './config.ts';

export async function serve(config: Config): Promise<void> {
  void config;
}

export async function work(config: Config): Promise<void> {
  void config;
}

export async function migrate(config: Config): Promise<void> {
  void config;
}
