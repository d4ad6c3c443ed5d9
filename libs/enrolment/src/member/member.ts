/** What is known of a member: one JSON text, sealed as a whole, so that a row costs one encryption. */
import { isBankCardShape, maskIdentifier, maskName, normaliseIdentifier } from '@app/kernel';

export interface PersonalData {
  readonly personalNumber: string;
  readonly name: string;
  readonly phone: string;
  readonly bankAccount: string;
  readonly bankName: string;
}

export type BankAccount = Pick<PersonalData, 'bankAccount' | 'bankName'>;

export const masked = (data: PersonalData): PersonalData => ({
  personalNumber: maskIdentifier(data.personalNumber),
  name: maskName(data.name),
  phone: maskIdentifier(data.phone),
  bankAccount: maskIdentifier(data.bankAccount),
  bankName: data.bankName,
});

/** The account as it is kept; undefined when it cannot be one. */
export function readBankAccount(account: string, bankName: string): BankAccount | undefined {
  const read = { bankAccount: normaliseIdentifier(account), bankName: bankName.normalize('NFKC').trim() };
  return isBankCardShape(read.bankAccount) && read.bankName !== '' ? read : undefined;
}

export const CODE_DIGITS = 6;
export const CODE_MINUTES = 5;
export const CODE_ATTEMPTS = 5;
/** A further code is sent only after this long: a stranger cannot flood a member, nor buy new guesses. */
export const CODE_PAUSE_SECONDS = 60;
