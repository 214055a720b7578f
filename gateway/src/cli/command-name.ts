/**
 * How people start this: in a clone through npx, which never asks a registry with --no; installed by its
 * name.
 */
export function commandName(url: string = import.meta.url): string {
  return url.includes('/node_modules/') ? 'fogwisp' : 'npx --no fogwisp';
}
