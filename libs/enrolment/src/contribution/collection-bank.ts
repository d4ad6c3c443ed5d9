import type { BankStatement } from '@app/contracts';
import type { CivilDate } from '@app/kernel';

/** Where the statement of the collection account comes from; the app binds it to a gateway. */
export abstract class CollectionBank {
  /** undefined: the statement of that day is not ready yet. */
  abstract statement(account: string, on: CivilDate): Promise<BankStatement | undefined>;
}
