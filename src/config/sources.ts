/**
 * Where the text of settings comes from: the YAML file and the environment, with their mistakes.
 */
import { readFileSync } from 'node:fs';
import { nearest } from './nearest.ts';
import { CLIENT_VARIABLES, SETTINGS, type Setting } from './settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Text by variable, and all that was wrong on the way to it. */
export interface Source {
  readonly texts: Map<string, string>;
  readonly mistakes: string[];
}

const settings: readonly Setting[] = Object.values(SETTINGS);

/** The name of a setting in the YAML file. */
export function yamlKeyOf(variable: string): string {
  return variable.replace(/^MERIDIAN_/, '').toLowerCase();
}

/** Reads the environment; a secret may also come from the file that its `_FILE` variable names. */
export function readEnvironment(environment: Environment): Source {
  const source: Source = { texts: new Map(), mistakes: findUnknownVariables(environment) };
  for (const { variable, isSecret } of settings) {
    const plain = environment[variable];
    const file = isSecret ? environment[`${variable}_FILE`] : undefined;
    if (plain && file)
      source.mistakes.push(`${variable} is given twice: also as ${variable}_FILE.`);
    else if (plain) source.texts.set(variable, plain);
    else if (file) readSecret(source, variable, file);
  }
  return source;
}

function readSecret({ texts, mistakes }: Source, variable: string, file: string): void {
  try {
    texts.set(variable, readFileSync(file, 'utf8').trim());
  } catch {
    mistakes.push(`${variable}_FILE names a file that cannot be read: ${file}.`);
  }
}

function findUnknownVariables(environment: Environment): string[] {
  const secrets = settings.filter(({ isSecret }) => isSecret);
  const known = [
    ...settings.map(({ variable }) => variable),
    ...secrets.map(({ variable }) => `${variable}_FILE`),
    ...Object.values(CLIENT_VARIABLES),
  ];
  const unknown = Object.keys(environment).filter(
    (variable) => variable.startsWith('MERIDIAN_') && !known.includes(variable),
  );
  return unknown.map((variable) => `${variable} is no setting.${hint(variable, known)}`);
}

/** Reads a YAML file of settings: one map, its values words, numbers, truths or lists of them. */
export async function readYaml(file: string): Promise<Source> {
  const source: Source = { texts: new Map(), mistakes: [] };
  const content = readText(file);
  if (content === undefined) return refuse(source, `The file ${file} cannot be read.`);
  // Few sites have a file, so the others need not load the parser at start.
  const { parseDocument } = await import('yaml');
  const document = parseDocument(content);
  const [fault] = document.errors;
  if (fault) return refuse(source, `${file} is no YAML: ${fault.message.split('\n')[0]}`);
  const root: unknown = document.toJS() ?? {};
  if (typeof root !== 'object' || root === null || Array.isArray(root)) {
    return refuse(source, `${file} must hold one setting a line, such as "site: berlin".`);
  }
  for (const [key, given] of Object.entries(root)) readYamlSetting(source, { file, key, given });
  return source;
}

function refuse(source: Source, mistake: string): Source {
  source.mistakes.push(mistake);
  return source;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function readYamlSetting(
  { texts, mistakes }: Source,
  { file, key, given }: { file: string; key: string; given: unknown },
): void {
  const setting = settings.find(({ variable }) => yamlKeyOf(variable) === key);
  if (!setting) {
    const known = settings.map(({ variable }) => yamlKeyOf(variable));
    mistakes.push(`${key} in ${file} is no setting.${hint(key, known)}`);
  } else if (isScalar(given)) texts.set(setting.variable, String(given));
  else if (Array.isArray(given) && given.every(isScalar)) {
    texts.set(setting.variable, given.join(','));
  } else mistakes.push(`${key} in ${file} must be one value or a list of values.`);
}

function isScalar(given: unknown): given is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof given);
}

function hint(wrong: string, known: readonly string[]): string {
  const right = nearest(wrong, known);
  return right === undefined ? '' : ` Did you mean ${right}?`;
}
