/**
 * The peer of every ratio: Debian's docker-registry 2.8, as it comes, on a file system of its own.
 */
import { type DockerRegistry, startDockerRegistry } from '../support/programs/docker-registry.ts';

export type Server = Pick<DockerRegistry, 'url' | 'pid' | 'stop'>;

export { startDockerRegistry };
