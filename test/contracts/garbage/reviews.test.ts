import { openMemoryFacts, openPostgresFacts } from '../../support/facts.ts';
import { describeGarbageReviewsContract } from '../suites/garbage/reviews.ts';

describeGarbageReviewsContract('memory', openMemoryFacts);
describeGarbageReviewsContract('PostgreSQL', openPostgresFacts);
