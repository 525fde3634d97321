import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import * as budget from './architecture/budget.ts';
import {
  findCycles,
  findForbiddenImports,
  findForbiddenLibraries,
  packageOf,
} from './architecture/imports.ts';
import { ROOT, readSources, type Source } from './architecture/sources.ts';

/** Says every broken rule in one message. */
function expectNone(faults: readonly string[]): void {
  expect(faults, `\n${faults.join('\n')}\n`).to.have.length(0);
}

describe('the architecture', () => {
  let sources: Source[];
  let program: Source[];

  before(function () {
    // It parses every file of the house.
    this.timeout(60_000);
    sources = readSources();
    program = sources.filter((source) => !budget.isTest(source));
  });

  describe('the import rule', () => {
    it('lets each file import only what stands below it', () => {
      expectNone(sources.flatMap(findForbiddenImports));
    });

    it('has one door for each library', () => {
      expectNone(sources.flatMap(findForbiddenLibraries));
    });

    it('reads the environment in src/config.ts alone', () => {
      const readers = program.filter(({ readsEnvironment }) => readsEnvironment);
      expect(readers.map(({ path }) => path)).to.deep.equal(['src/config.ts']);
    });

    it('has no circle of imports', () => {
      expectNone(findCycles(sources));
    });

    it('imports no package that package.json does not name', () => {
      const { dependencies, devDependencies } = JSON.parse(
        readFileSync(join(ROOT, 'package.json'), 'utf8'),
      ) as Record<string, Record<string, string>>;
      const known = { program: dependencies!, test: { ...dependencies, ...devDependencies } };
      const faults = sources.flatMap((source) => {
        const names = source.imports.flatMap((imported) => packageOf(imported) ?? []);
        // What the console is made of is built into its files.
        const isBuilt = source.path.startsWith('src/console/');
        const allowed = budget.isTest(source) || isBuilt ? known.test : known.program;
        const unknown = names.filter((name) => !name.startsWith('node:') && !(name in allowed));
        return unknown.map((name) => `${source.path} imports ${name}: add it to package.json.`);
      });
      expectNone(faults);
    });
  });

  describe('the budget', () => {
    it('keeps files short', () => {
      expectNone(budget.findLongFiles(sources));
      const lengths = program.map(({ lines }) => lines.length);
      expect(budget.quantile(lengths, 0.5)).to.be.at.most(budget.LIMITS.fileLinesMedian);
      expect(budget.quantile(lengths, 0.9)).to.be.at.most(budget.LIMITS.fileLinesNinetieth);
    });

    it('keeps lines within 100 columns', () => {
      expectNone(budget.findWideLines(sources));
    });

    it('keeps functions short', () => {
      expectNone(budget.findLongFunctions(sources));
      const lengths = program.flatMap(({ functions }) => functions.map(({ lines }) => lines));
      expect(budget.quantile(lengths, 0.5)).to.be.at.most(budget.LIMITS.functionLinesMedian);
      expect(budget.quantile(lengths, 0.9)).to.be.at.most(budget.LIMITS.functionLinesNinetieth);
    });

    it('names parameters beyond the third', () => {
      expectNone(budget.findManyParameters(sources));
    });

    it('gives a class at most four collaborators', () => {
      expectNone(budget.findManyCollaborators(sources));
    });

    it('keeps folders small', () => {
      expectNone(budget.findFullFolders(sources));
    });

    it('says why, and not too much', () => {
      const share = budget.commentShare(program);
      expect(share).to.be.at.least(budget.LIMITS.commentShareLeast);
      expect(share).to.be.at.most(budget.LIMITS.commentShareMost);
    });
  });
});
