import { DomainError } from '@app/kernel';
import { PhonePay } from './phone-pay.js';

/** Of an installation that has no merchant account: nothing can be paid by phone, and no notification is anybody's. */
export class NoPhonePay extends PhonePay {
  order = notConnected;
  query = notConnected;
  close = notConnected;
  refund = notConnected;
  queryRefund = notConnected;
  bill = notConnected;
  readNotification = (): undefined => undefined;
}

const notConnected = (): Promise<never> =>
  Promise.reject(
    new DomainError(
      'phone-pay',
      'unavailable',
      'expected a merchant account for payments by phone, found none; set it in the configuration',
    ),
  );
