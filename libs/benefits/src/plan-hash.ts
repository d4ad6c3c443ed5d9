import { createHash } from 'node:crypto';

/** Keys sorted at every level, so that the order and layout of the YAML do not matter. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}

/** sha256 (hex) of a plan's content with the selected options in place: the same hash means the same rules, word for word. */
export const planHash = (content: unknown): string => createHash('sha256').update(canonical(content)).digest('hex');
