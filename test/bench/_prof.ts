import { startEmbeddedPostgres } from '@app/platform';
import { Session } from 'node:inspector/promises';
import { rosterImportBench } from './_b.js';
const server = await startEmbeddedPostgres({ dataDirectory: '/tmp/hubao-bench-enrol' });
const session = new Session(); session.connect();
await session.post('Profiler.enable'); 
await session.post('Profiler.setSamplingInterval', { interval: 500 });
(globalThis as any).onStart = () => session.post('Profiler.start');
(globalThis as any).onStop = async () => {
const { profile } = await session.post('Profiler.stop');
const self = new Map<number, number>(); profile.samples!.forEach((s, i) => self.set(s, (self.get(s) ?? 0) + profile.timeDeltas![i]!));
const incl = new Map<string, number>(); const flat = new Map<string, number>();
const byId = new Map(profile.nodes.map((n) => [n.id, n]));
const name = (n: any) => `${n.callFrame.functionName || '(anon)'} ${n.callFrame.url.split('/').slice(-2).join('/')}`;
const walk = (n: any, stack: Set<string>): number => { let t = self.get(n.id) ?? 0; const k = name(n); flat.set(k, (flat.get(k) ?? 0) + t); const fresh = !stack.has(k); if (fresh) stack.add(k); for (const c of n.children ?? []) t += walk(byId.get(c), stack); if (fresh) { stack.delete(k); incl.set(k, (incl.get(k) ?? 0) + t); } return t; };
walk(profile.nodes[0], new Set());
const top = (m: Map<string, number>, c: number) => [...m].sort((a, b) => b[1] - a[1]).slice(0, c).forEach(([k, v]) => console.log((v / 1000).toFixed(0).padStart(7), k));
console.log('-- inclusive'); top(incl, 45); console.log('-- self'); top(flat, 25);
};
try { await rosterImportBench(server.url); } finally { await server.stop(); }
