import { describe, expect, it } from '@jest/globals';
import { validate, version } from 'uuid';
import { newId } from './new-id.js';

describe('a new id', () => {
  const ids = Array.from({ length: 10_000 }, newId);

  it('is a UUID of version 7', () => {
    expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true);
  });

  it('is used once, and sorts behind those before it', () => {
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.toSorted()).toEqual(ids);
  });

  it('has other random bits than those before it', () => {
    expect(new Set(ids.map((id) => id.slice(-10))).size).toBe(ids.length);
  });
});
