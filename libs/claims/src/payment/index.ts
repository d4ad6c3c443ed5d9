export { PaymentService } from './payment.service.js';
export { GrantEntity, NoticeEntity, PauseEntity, PaymentEntity, PaymentEventEntity, PaymentPartEntity } from './payment.entity.js';
export {
  endPauses,
  insertPauses,
  lockByReference,
  movePayments,
  receiveGrants,
  waitingForAccount,
  type BatchProgress,
  type Payment,
  type WaitingForAccount,
} from './payment.repository.js';
export { PAYMENT_MOVES, PAYMENT_STATES, type PaymentState } from './payment.js';
