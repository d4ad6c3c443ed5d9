export { ApprovalService } from './approval.service.js';
export { ApprovalActEntity } from './approval.entity.js';
export { APPROVAL_POLICY } from './approval-policy.js';
export { makePayable, releasePayable, type Payable } from './payable.js';
export type { Verdict } from './approval.js';
export type { WaitingClaim } from './approval.repository.js';
