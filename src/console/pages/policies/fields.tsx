/** What the forms of policies have in common. */
import { Field, Lines, readLines, readText } from '../../parts/field.tsx';

export function PathField() {
  return (
    <Field
      label="Path"
      name="path"
      hint="A group, a project or an image, such as team/app; the whole registry where it is empty."
    />
  );
}

export function TagFields() {
  return (
    <>
      <Field label="Name" name="name" isRequired hint="Lower-case letters, digits and . _ -" />
      <PathField />
      <Lines
        label="Tags"
        name="tags"
        value="*"
        hint="Patterns, one in each line: * stands for any characters, as in v*."
      />
    </>
  );
}

export function readKey(fields: FormData): { readonly path: string; readonly name: string } {
  const path = readText(fields, 'path').replace(/^\/+|\/+$/g, '');
  return { path, name: readText(fields, 'name') };
}

export function readTags(fields: FormData): string[] {
  const tags = readLines(fields.get('tags'));
  return tags.length > 0 ? tags : ['*'];
}
