import type { PersonReply } from '@app/contracts';

/** Who is insured, and how: the medical-insurance platform; the app binds it to a gateway. */
export abstract class PersonRegister {
  /** Errors: `insurance-down`, and others that are unavailable; none of them is about the person. */
  abstract person(personalNumber: string, name: string): Promise<PersonReply>;
}
