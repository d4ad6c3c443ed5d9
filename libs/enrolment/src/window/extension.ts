/** A window closes when it was said to, unless two people decide on a later instant. */
import { addDays, chinaInstant, type CivilDate } from '@app/kernel';

export interface Closing {
  readonly closesAt: Date;
  readonly coverTo: CivilDate;
}

export type ExtensionFault = 'extension-not-later' | 'extension-past' | 'extension-after-cover';

export function extensionFault(present: Closing, closesAt: Date, now: Date): ExtensionFault | undefined {
  if (closesAt <= present.closesAt) return 'extension-not-later';
  if (closesAt <= now) return 'extension-past';
  return closesAt >= endOfCover(present) ? 'extension-after-cover' : undefined;
}

export const endOfCover = ({ coverTo }: Pick<Closing, 'coverTo'>): Date => chinaInstant(addDays(coverTo, 1));
