/** The people of the demo, scripted: each does over HTTP what such a person does, and nothing else. */
import type { BatchView, SettlementReport, WaitingClaim } from '@app/claims';
import type { StoredTemplateMessage } from '@app/contracts';
import { PersonalDataVault, type Role } from '@app/platform';
import { randomBytes } from 'node:crypto';
import { callJson, HttpError, HttpPerson } from './http-person.js';
import type { HubaoSystem } from './system.js';

export interface RosterPerson {
  readonly personalNumber: string;
  readonly phone: string;
  readonly account: string;
}

const REGION = { code: '45', name: '自治区', kind: 'region' } as const;
const CITY = { code: '4599', name: '模拟市', kind: 'city' } as const;
export const COUNTY = { code: '459999', name: '模拟县', kind: 'county' } as const;

const ORGANISATIONS = [
  [REGION, undefined],
  [CITY, REGION],
  [COUNTY, CITY],
] as const;

interface Staff {
  readonly administrator: HttpPerson;
  readonly clerk: HttpPerson;
  readonly officer: HttpPerson;
  readonly reviewer: HttpPerson;
  readonly maker: HttpPerson;
  readonly checker: HttpPerson;
  readonly leader: HttpPerson;
}

export class People {
  private readonly told = new Set<string>();
  private memberByBinding: Map<string, RosterPerson> | undefined;

  private constructor(
    private readonly system: HubaoSystem,
    readonly staff: Staff,
    /** What the leader and the look-up at the end log in with. */
    readonly passwords: Readonly<Record<string, string>>,
  ) {}

  /** The administrator sets up the organisations and gives everybody an account; with kept data, only new passwords. */
  static async hire(system: HubaoSystem, kept = false): Promise<People> {
    const person = () => new HttpPerson(system.urls.enrolment, system.urls.claims);
    const administrator = await person().login(system.administrator.login, system.administrator.password);
    let path = '/';
    for (const [organisation, parent] of kept ? [] : ORGANISATIONS) {
      ({ path } = await administrator.enrolment<{ path: string }>('POST', '/organisations', {
        ...organisation,
        ...(parent ? { parentCode: parent.code } : {}),
      }));
    }
    const passwords: Record<string, string> = {};
    const hire = async (login: string, displayName: string, role: Role): Promise<HttpPerson> => {
      const password = (passwords[login] = randomBytes(12).toString('base64url'));
      if (kept) await administrator.enrolment('PUT', `/accounts/${login}/password`, { password });
      else await administrator.enrolment('POST', '/accounts', { login, displayName, password, roles: [role], organisationPath: path });
      return person().login(login, password);
    };
    const [clerk, officer, reviewer, maker, checker, leader] = await Promise.all([
      hire('clerk', '县级经办人', 'unit-clerk'),
      hire('officer', '经办', 'claims-officer'),
      hire('reviewer', '复核', 'reviewer'),
      hire('finance-maker', '制单', 'finance-maker'),
      hire('finance-checker', '财务复核', 'finance-checker'),
      hire('leader', '领导', 'leader'),
    ]);
    return new People(system, { administrator, clerk, officer, reviewer, maker, checker, leader }, passwords);
  }

  openWindow(window: {
    planId: string;
    opensAt: string;
    closesAt: string;
    coverFrom: string;
    coverTo: string;
    contributionFen: number;
  }): Promise<{ id: string }> {
    return this.staff.administrator.enrolment('POST', '/windows', { ...window, organisationCode: COUNTY.code });
  }

  uploadRoster(windowId: string, fileName: string, csv: string): Promise<{ rows: number; accepted: number; refused: number }> {
    return this.staff.clerk.enrolment('POST', `/windows/${windowId}/rosters`, csv, {
      'content-type': 'text/csv',
      'x-file-name': encodeURIComponent(fileName),
    });
  }

  /** The notices go out, and every unit is told its reference and amount. */
  async notices(windowId: string): Promise<{ reference: string; amountFen: number; unitName: string }[]> {
    await this.staff.administrator.enrolment('POST', `/windows/${windowId}/payment-notices`);
    return this.staff.clerk.enrolment('GET', `/windows/${windowId}/payment-notices`);
  }

  /** A unit pays at its bank: the outside world acts, so this goes to the bank and not to us. */
  async payContribution(notice: { reference: string; amountFen: number; unitName: string }): Promise<void> {
    await callJson('POST', `${this.system.bank.url}/credits`, {
      bankReference: `C-${notice.reference}`,
      account: this.system.config.collectionAccount,
      amountFen: notice.amountFen,
      reference: notice.reference,
      payerName: notice.unitName,
    });
  }

  countdown(windowId: string): Promise<{ state: string; enrolled: number; covered: number }> {
    return this.staff.leader.enrolment('GET', `/windows/${windowId}/countdown`);
  }

  /** The officer decides on what was referred, and the reviewer on what needs a second person. */
  async officersRound(): Promise<number> {
    let decided = 0;
    for (const person of [this.staff.officer, this.staff.reviewer]) {
      const waiting = await person.claims<WaitingClaim[]>('GET', '/approvals');
      if (waiting.length === 0) continue;
      await person.claims('POST', '/approvals/decisions', {
        claims: waiting.map((claim) => claim.claimId),
        verdict: 'approve',
        note: '材料核对无误',
      });
      decided += waiting.length;
    }
    return decided;
  }

  /** One finance person makes the batch, another looks at it and checks it. undefined: nothing to pay today. */
  async financeRound(): Promise<BatchView | undefined> {
    let batch: BatchView;
    try {
      batch = await this.staff.maker.claims<BatchView>('POST', '/batches');
    } catch (error) {
      if (error instanceof HttpError && error.problem.title === 'nothing-to-pay') return undefined;
      throw error;
    }
    const seen = (await this.staff.checker.claims<BatchView[]>('GET', '/batches')).find((one) => one.id === batch.id)!;
    return this.staff.checker.claims<BatchView>('POST', `/batches/${batch.id}/check`, { digest: seen.digest });
  }

  /** Members who were told that their account does not work log in with a code and give another. */
  async membersRound(roster: readonly RosterPerson[]): Promise<number> {
    const messages = (await this.messages('account-needed')).filter((message) => !this.told.has(message.client_msg_id));
    for (const message of messages) this.told.add(message.client_msg_id);
    const members = new Set(messages.map((message) => message.touser));
    for (const memberId of members) {
      const person = this.bindings(roster).get(memberId)!;
      await new HttpPerson(this.system.urls.enrolment, this.system.urls.claims).enrolment('POST', '/login/member/code', {
        personalNumber: person.personalNumber,
        phone: person.phone,
      });
      const code = (await this.messages('login-code', memberId)).at(-1)!.data.code!.value;
      const member = await new HttpPerson(this.system.urls.enrolment, this.system.urls.claims).loginAsMember(person.personalNumber, code);
      await member.enrolment('PUT', '/members/me/bank-account', { account: otherAccount(person.account), bankName: '模拟银行宾山支行' });
    }
    return members.size;
  }

  report(): Promise<SettlementReport> {
    return this.staff.leader.claims('GET', '/reports/settlement');
  }

  private messages(template: string, touser?: string): Promise<StoredTemplateMessage[]> {
    const query = new URLSearchParams({ template_id: template, ...(touser ? { touser } : {}) });
    return callJson('GET', `${this.system.wechat.url}/messages?${query}`);
  }

  /** Each member's phone is bound to their member id; here the script holds all the phones. */
  private bindings(roster: readonly RosterPerson[]): Map<string, RosterPerson> {
    if (!this.memberByBinding) {
      const vault = new PersonalDataVault(this.system.config.masterKey);
      this.memberByBinding = new Map(roster.map((person) => [vault.memberId(person.personalNumber), person]));
    }
    return this.memberByBinding;
  }
}

/** Another account of the same person, whose ending is no trigger of the bank simulator. */
const otherAccount = (account: string): string => `${account.slice(0, -4)}1357`;
