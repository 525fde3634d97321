import { openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import { describeExternalImagesContract } from '../suites/events/external-images.ts';

describeExternalImagesContract('memory', openMemoryPorts);
describeExternalImagesContract('PostgreSQL', openPostgresPorts);
