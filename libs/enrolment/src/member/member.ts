/** What is known of a member: one text, sealed as a whole, so that a row costs one encryption. */
import { assert, isBankCardShape, maskIdentifier, maskName, normaliseIdentifier } from '@app/kernel';

export interface PersonalData {
  readonly personalNumber: string;
  readonly name: string;
  readonly phone: string;
  readonly bankAccount: string;
  readonly bankName: string;
}

// Names of the fields would be a third of what millions of rows seal and keep.
const FIELD_END = '\u001F';
const PERSONAL_TEXT = /^[^\u0000-\u001F]*(?:\u001F[^\u0000-\u001F]*){4}$/;

/** Values are normalised: without control characters. */
export const personalText = ({ personalNumber, name, phone, bankAccount, bankName }: PersonalData): string =>
  personalNumber + FIELD_END + name + FIELD_END + phone + FIELD_END + bankAccount + FIELD_END + bankName;

export function readPersonalText(text: string): PersonalData {
  assert(PERSONAL_TEXT.test(text), 'personal data: expected five values, found another number of them');
  const [personalNumber, name, phone, bankAccount, bankName] = text.split(FIELD_END) as [string, string, string, string, string];
  return { personalNumber, name, phone, bankAccount, bankName };
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
