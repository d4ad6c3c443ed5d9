/** What is approved without a person, as data. A change is a new version; every approval keeps the version it was made under. */
import { fen, type Fen } from '@app/kernel';
import type { RiskFlag } from '../claim.js';

export interface ApprovalPolicy {
  readonly version: string;
  /** A benefit up to this is approved at once when nothing is flagged. */
  readonly automaticUpToFen: Fen;
  /** A benefit above this needs a second person. */
  readonly secondPersonAboveFen: Fen;
  /** Any of these sends the claim to an officer. */
  readonly referOn: readonly RiskFlag[];
}

export const APPROVAL_POLICY: ApprovalPolicy = {
  version: '2025-1',
  automaticUpToFen: fen(300_000),
  secondPersonAboveFen: fen(500_000),
  referOn: ['funds-do-not-add-up', 'payments-do-not-add-up', 'long-stay', 'old-discharge'],
};
