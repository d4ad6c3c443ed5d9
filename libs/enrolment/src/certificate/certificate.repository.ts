import { rowsOf, type Transaction } from '@app/platform';
import type { CertifiedCover } from './certificate.js';

export interface StoredCover extends CertifiedCover {
  readonly memberId: string;
  readonly organisationPath: string;
}

const COVER = `select member_id as "memberId", number, plan_id as "planId", cover_from::text as "coverFrom", cover_to::text as "coverTo",
       ended_on::text as "endedOn", organisation_path as "organisationPath" from cover`;

export const coverOfMember = async (tx: Transaction, memberId: string, number: string): Promise<StoredCover | undefined> =>
  (await rowsOf<StoredCover>(tx, `${COVER} where member_id = $1 and number = $2`, [memberId, number]))[0];

export const coverWithin = async (tx: Transaction, organisationPath: string, number: string): Promise<StoredCover | undefined> =>
  (await rowsOf<StoredCover>(tx, `${COVER} where number = $2 and starts_with(organisation_path, $1)`, [organisationPath, number]))[0];
