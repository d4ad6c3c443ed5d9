import { expect, it } from '@jest/globals';
import { civilDate } from '@app/kernel';
import { extensionFault } from './extension.js';

const present = { closesAt: new Date('2025-12-11T00:00:00+08:00'), coverTo: civilDate('2026-12-31') };

it.each([
  ['2025-12-11T00:00:00+08:00', '2025-12-01T00:00:00+08:00', 'extension-not-later'],
  ['2025-12-11T00:00:01+08:00', '2025-12-01T00:00:00+08:00', undefined],
  ['2025-12-20T00:00:00+08:00', '2025-12-20T00:00:00+08:00', 'extension-past'],
  ['2025-12-20T00:00:01+08:00', '2025-12-20T00:00:00+08:00', undefined],
  ['2026-12-31T23:59:59+08:00', '2025-12-01T00:00:00+08:00', undefined],
  ['2027-01-01T00:00:00+08:00', '2025-12-01T00:00:00+08:00', 'extension-after-cover'],
])('an extension to %s, asked for at %s: %s', (closesAt, now, fault) =>
  expect(extensionFault(present, new Date(closesAt), new Date(now))).toBe(fault),
);
