import type { BankCredit } from '@app/contracts';

/** Pays into an account at the bank; the status of its answer, undefined when it cannot be reached. The bank books one reference once. */
export async function payIn(bankUrl: string, credit: BankCredit): Promise<number | undefined> {
  try {
    const response = await fetch(`${bankUrl}/credits`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(credit),
    });
    await response.text();
    return response.status;
  } catch {
    return undefined;
  }
}
