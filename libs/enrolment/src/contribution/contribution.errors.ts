import { DomainError } from '@app/kernel';

export const statementDay = (on: string, found: string): DomainError =>
  new DomainError('statement-day', 'invalid', `expected the statement of ${on}, found that of ${found}; ask the bank again`);

export const statementAccount = (): DomainError =>
  new DomainError(
    'statement-account',
    'invalid',
    'expected the statement of the collection account, found that of another; check COLLECTION_ACCOUNT',
  );

export const statementBalance = (on: string, gap: number): DomainError =>
  new DomainError(
    'statement-balance',
    'invalid',
    `expected opening balance and lines to give the closing balance, found ${gap} fen between them; ask the bank`,
    { on },
  );

export const statementChanged = (on: string): DomainError =>
  new DomainError(
    'statement-changed',
    'conflict',
    'expected the statement that was stored for this day, found another; ask the bank which one holds',
    { on },
  );

export const creditNotFound = (): DomainError =>
  new DomainError('suspense-credit', 'not-found', 'expected the id of a credit on the collection account, found none; list the suspense');

export const noticeNotFound = (): DomainError =>
  new DomainError('notice', 'not-found', 'expected the id of a payment notice, found none; list the notices of the window');

export const noticeTakesLess = (lackingFen: number): DomainError =>
  new DomainError(
    'notice-takes-less',
    'conflict',
    `expected at most what the notice still lacks, which is ${lackingFen} fen, found more; correct the amount`,
    { lackingFen },
  );

export const restTooSmall = (restFen: number): DomainError =>
  new DomainError(
    'suspense-rest',
    'conflict',
    `expected at most what is left of the credit in suspense, which is ${restFen} fen, found more; correct the amount`,
    { restFen },
  );

export const contributionValid = (restFen: number): DomainError =>
  new DomainError(
    'contribution-valid',
    'conflict',
    `expected money in suspense (${restFen} fen of this credit), found some that paid a notice: a valid contribution is not given back; refund the rest only`,
    { restFen },
  );

export const alreadyProposed = (): DomainError =>
  new DomainError('already-proposed', 'conflict', 'expected nothing that waits for its decision here, found a proposal; decide it first');

export const proposalNotFound = (): DomainError =>
  new DomainError('match-proposal', 'not-found', 'expected the id of a proposed match, found none; list the proposals');

export const matchNotFound = (): DomainError =>
  new DomainError('match', 'not-found', 'expected the id of a match with a notice, found none; list the matches of the notice');

export const matchReversed = (): DomainError =>
  new DomainError(
    'match-reversed',
    'conflict',
    'expected a match that stands, found one that was taken back or waits for it; list the matches of the notice',
  );

export const reversalNotFound = (): DomainError =>
  new DomainError('reversal', 'not-found', 'expected the id of a proposed reversal, found none; list the reversals');

export const coversClaimed = (claims: number): DomainError =>
  new DomainError(
    'covers-claimed',
    'conflict',
    `expected covers on which no claim is granted, found ${claims} claims; leave the match, and settle it between the two units`,
    { claims },
  );

export const coversChanged = (covers: number): DomainError =>
  new DomainError(
    'covers-changed',
    'conflict',
    `expected covers that are as they began, found ${covers} that moved, ended, are to move or have an add-on; leave the match, and settle it between the two units`,
    { covers },
  );

export const noticeDoubled = (doubles: number): DomainError =>
  new DomainError(
    'notice-doubled',
    'conflict',
    `expected a notice by which nobody was paid for in vain, found ${doubles} such people; leave the match, and settle it between the two units`,
    { doubles },
  );

export const refundNotFound = (): DomainError =>
  new DomainError('refund', 'not-found', 'expected the id of a refund, found none; list the refunds');

export const doubleNotDue = (): DomainError =>
  new DomainError('double', 'conflict', 'expected a double that is to be given back by the bank and waits, found none; list the doubles');

export const alreadyDecided = (): DomainError =>
  new DomainError('already-decided', 'conflict', 'expected something that waits for its check, found it decided; read it again');

export const samePerson = (): DomainError =>
  new DomainError(
    'same-person',
    'forbidden',
    'expected another person than the one who proposed it, found the same; ask another to check it',
  );

export const receiptNotRefused = (): DomainError =>
  new DomainError('receipt-not-refused', 'conflict', 'expected a receipt that was refused, found none; read it again');
