/** Yuan with at most two places to an integer of fen and back; independent of the engine's own. */
export function fenOf(text: unknown): number | undefined {
  const match = typeof text === 'string' ? /^(-?)(\d{1,13})(?:\.(\d{1,2}))?$/.exec(text) : null;
  if (!match) return undefined;
  const fen = Number(match[2]! + (match[3] ?? '').padEnd(2, '0'));
  return match[1] === '-' ? 0 - fen : fen;
}

export function yuanOf(fen: number): string {
  const digits = String(Math.abs(fen)).padStart(3, '0');
  return `${fen < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
