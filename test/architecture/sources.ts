/** Our own source files, read by the compiler: what they import and how long their parts are. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { SyntaxKind } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';
import { API } from 'typescript/unstable/sync';

type Node = Parameters<typeof is.isCallExpression>[0];

export interface Import {
  /** As written: `node:fs`, `koa`, `../oci/digest.ts`. */
  readonly specifier: string;
  /** Path from the project's root, for one of our own files. */
  readonly target?: string;
  /** Gone once compiled, so that it makes no cycle. */
  readonly isTypeOnly: boolean;
  /** Loaded when it is needed, not when the file is. */
  readonly isLazy: boolean;
}

export interface FunctionPart {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
  readonly parameters: number;
  /** A suite of tests: it is as long as what it lists. */
  readonly isSuite: boolean;
}

export interface ClassPart {
  readonly name: string;
  readonly collaborators: readonly string[];
}

export interface Source {
  /** From the project's root, with slashes. */
  readonly path: string;
  readonly lines: readonly string[];
  readonly imports: readonly Import[];
  readonly functions: readonly FunctionPart[];
  readonly classes: readonly ClassPart[];
  readonly readsEnvironment: boolean;
}

/** Folder of package.json, seen from the compiled file. */
export const ROOT = join(import.meta.dirname, '..', '..', '..');

/** The console is compiled by itself: it runs in browsers. */
const PROJECTS = ['tsconfig.json', 'src/console/tsconfig.json'];

/** Every file of ours that the compiler knows, and the styles. */
export function readSources(): Source[] {
  return [...PROJECTS.flatMap(readProject), ...readStyles()];
}

function readProject(configuration: string): Source[] {
  const compiler = new API({});
  try {
    const project = compiler
      .updateSnapshot({ openProjects: [join(ROOT, configuration)] })
      .getProjects()[0]!;
    const files = project.program
      .getSourceFileNames()
      .filter((file) => file.startsWith(ROOT) && !file.includes('/node_modules/'));
    return files.map((file) => readSource(file, project.program.getSourceFile(file)!));
  } finally {
    compiler.close();
  }
}

/** They have lines, and nothing else that is counted. */
function readStyles(): Source[] {
  const folder = join(ROOT, 'src', 'console');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const nothing = { imports: [], functions: [], classes: [], readsEnvironment: false };
  return files
    .filter((file) => file.endsWith('.css'))
    .map((file) => {
      const lines = readFileSync(join(folder, file), 'utf8').replace(/\n$/, '').split('\n');
      return { path: relative(ROOT, join(folder, file)), lines, ...nothing };
    });
}

function readSource(file: string, tree: Node): Source {
  const text = readFileSync(file, 'utf8');
  const nodes = [...walk(tree)];
  const at = (node: Node) => text.slice(0, node.getStart()).split('\n').length;
  return {
    path: relative(ROOT, file),
    lines: text.replace(/\n$/, '').split('\n'),
    imports: nodes.flatMap((node) => readImport(file, node)),
    functions: nodes.flatMap((node) => readFunction(node, at)),
    classes: nodes.filter(is.isClassDeclaration).map((node) => readClass(node, nodes)),
    readsEnvironment: nodes.some(
      (node) =>
        is.isPropertyAccessExpression(node) &&
        node.name.text === 'env' &&
        is.isIdentifier(node.expression) &&
        node.expression.text === 'process',
    ),
  };
}

function* walk(node: Node): Generator<Node> {
  yield node;
  const children: Node[] = [];
  node.forEachChild((child) => void children.push(child));
  for (const child of children) yield* walk(child);
}

function readImport(file: string, node: Node): Import[] {
  const found = findSpecifier(node);
  if (!found) return [];
  const { specifier } = found;
  const target = specifier.startsWith('.')
    ? { target: relative(ROOT, join(dirname(file), specifier)) }
    : {};
  return [{ ...found, ...target }];
}

function findSpecifier(node: Node): Omit<Import, 'target'> | undefined {
  if (is.isImportDeclaration(node) || is.isExportDeclaration(node)) {
    if (!node.moduleSpecifier || !is.isStringLiteral(node.moduleSpecifier)) return undefined;
    const words = node.getText().split(/\s+/, 2);
    const isTypeOnly = words[1] === 'type';
    return { specifier: node.moduleSpecifier.text, isTypeOnly, isLazy: false };
  }
  if (is.isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword) {
    const [given] = node.arguments;
    if (!given || !is.isStringLiteral(given)) return undefined;
    return { specifier: given.text, isTypeOnly: false, isLazy: true };
  }
  return undefined;
}

function readFunction(node: Node, lineOf: (node: Node) => number): FunctionPart[] {
  if (!is.isFunctionLikeDeclaration(node) || !node.body) return [];
  const lines = node.getText().split('\n').length;
  const name = 'name' in node && node.name ? (node.name as Node).getText() : '(unnamed)';
  const caller = is.isCallExpression(node.parent) ? node.parent.expression.getText() : '';
  const isSuite = /^(?:describe|context)/.test(name) || /^(?:describe|context)/.test(caller);
  return [{ name, line: lineOf(node), lines, parameters: node.parameters.length, isSuite }];
}

/** A class's collaborators: what its constructor is given, except for plain words and numbers. */
function readClass(node: Node & { readonly members: Iterable<Node> }, nodes: Node[]): ClassPart {
  const name = 'name' in node && node.name ? (node.name as Node).getText() : '(unnamed)';
  const constructor = [...node.members].find(is.isConstructorDeclaration);
  const types = constructor?.parameters.map(({ type }) => type) ?? [];
  const collaborators = types.flatMap((type) => (type ? namesIn(type, nodes) : []));
  return { name, collaborators };
}

/** Members of a type that is written there, or of an interface `Dependencies` of the same file. */
function namesIn(type: Node, nodes: Node[]): string[] {
  const named = nodes.find(
    (node) =>
      is.isInterfaceDeclaration(node) &&
      node.name.text === type.getText() &&
      node.name.text.endsWith('Dependencies'),
  );
  const holder = is.isTypeLiteralNode(type) ? type : named;
  if (!holder || !('members' in holder)) return [];
  return [...(holder.members as Iterable<Node>)]
    .filter(is.isPropertySignatureDeclaration)
    .filter((member) => member.type && is.isTypeReferenceNode(member.type))
    .map((member) => member.name.getText());
}
