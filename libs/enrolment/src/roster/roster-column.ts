/** The columns of a roster as unions print them. Pure. */
export const COLUMNS = {
  unitCode: '单位统一社会信用代码',
  unitName: '单位名称',
  name: '姓名',
  personalNumber: '身份证号码',
  phone: '手机号',
  insutype: '医保险种',
  bankAccount: '银行卡号',
  bankName: '开户银行',
} as const;
export type RosterField = keyof typeof COLUMNS;
export const FIELDS = Object.keys(COLUMNS) as RosterField[];

/** Where each field stands in a row of this file. */
export interface RosterLayout {
  readonly width: number;
  readonly at: Readonly<Record<RosterField, number>>;
}
