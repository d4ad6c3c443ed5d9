import type { PersonReply } from '@app/contracts';

/** Who is insured, and how: the medical-insurance platform; the app binds it to a gateway. */
export abstract class PersonRegister {
  /** Errors: `no-answer` where the call about this person got none; any other says that nobody can be asked about now. */
  abstract person(personalNumber: string, name: string): Promise<PersonReply>;
}
