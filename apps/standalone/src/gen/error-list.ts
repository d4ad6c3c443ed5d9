/**
 * Every code that a DomainError can have, with the status of its answer and what it says, read off the sources by the compiler: a code that is
 * handed through functions is found where it is named.
 */
import { STATUS } from '@app/platform';
import ts from 'typescript';

const HEADER = `# Errors

Failures are answered as RFC 9457 problem+json: \`type\` is \`urn:hubao:\` and the code, \`detail\` says what was expected, what was found and what to do. Made by
\`npm run gen\`; \`…\` stands for what differs. 5xx and 429 may be tried again, after \`Retry-After\` where there is one.

| code | status | detail |
| ---- | ------ | ------ |
`;

interface Said {
  readonly statuses: Set<number>;
  readonly details: Set<string>;
}

export function errorList(): string {
  const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path));
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, '.');
  const program = ts.createProgram(
    fileNames.filter((name) => /^(?:.*\/)?(?:apps|libs)\//.test(name) && !name.endsWith('spec.ts')),
    options,
  );
  const errors = new Map<string, Said>();
  new Reader(program).read((code, kinds, detail) => {
    const said = errors.get(code) ?? { statuses: new Set(), details: new Set() };
    for (const kind of kinds) said.statuses.add(STATUS[kind as keyof typeof STATUS]);
    if (detail) said.details.add(detail);
    errors.set(code, said);
  });
  const rows = [...errors]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, { statuses, details }]) =>
        `| \`${code}\` | ${[...statuses].sort((a, b) => a - b).join(', ')} | ${[...details].sort().join('<br>')} |`,
    );
  return `${HEADER}${rows.join('\n')}\n`;
}

type Called = ts.CallExpression | ts.NewExpression;
/** What the parameters of a function stand for, at one of its calls. */
type Bound = ReadonlyMap<ts.Symbol, ts.Expression>;

class Reader {
  private readonly checker: ts.TypeChecker;
  private readonly calls: Called[] = [];

  constructor(program: ts.Program) {
    this.checker = program.getTypeChecker();
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) || ts.isNewExpression(node)) this.calls.push(node);
      ts.forEachChild(node, visit);
    };
    for (const file of program.getSourceFiles()) if (!file.isDeclarationFile && !file.fileName.includes('node_modules')) visit(file);
  }

  read(found: (code: string, kinds: readonly string[], detail: string | undefined) => void): void {
    for (const call of this.calls) if (this.makesDomainError(call)) this.follow(call, new Map(), found, new Set());
  }

  private makesDomainError(call: Called): boolean {
    const declaration = this.checker.getResolvedSignature(call)?.declaration;
    return declaration?.kind === ts.SyntaxKind.Constructor && (declaration.parent as ts.ClassDeclaration).name?.text === 'DomainError';
  }

  /** A code that is a parameter is looked for in the calls of its function. */
  private follow(call: Called, bound: Bound, found: Parameters<Reader['read']>[0], seen: ReadonlySet<ts.Node>): void {
    const [code, kind, detail] = call.arguments!.map((argument) => this.resolved(argument, bound));
    const codes = this.literals(code!);
    if (codes) for (const one of codes) found(one, this.literals(kind!) ?? [], detail && this.text(detail));
    const enclosing = codes ? undefined : functionOf(code!);
    if (!enclosing || seen.has(enclosing)) return;
    for (const caller of this.calls) {
      if (this.checker.getResolvedSignature(caller)?.declaration !== enclosing) continue;
      const names = new Map(bound);
      enclosing.parameters.forEach((parameter, i) => {
        const symbol = this.checker.getSymbolAtLocation(parameter.name);
        const given = caller.arguments?.[i];
        if (symbol && given) names.set(symbol, given);
      });
      this.follow(call, names, found, new Set([...seen, enclosing]));
    }
  }

  private resolved(expression: ts.Expression, bound: Bound): ts.Expression {
    const symbol = ts.isIdentifier(expression) ? this.checker.getSymbolAtLocation(expression) : undefined;
    const given = symbol && bound.get(symbol);
    return given ? this.resolved(given, bound) : expression;
  }

  private literals(expression: ts.Expression): string[] | undefined {
    const type = this.checker.getTypeAtLocation(expression);
    const types = type.isUnion() ? type.types : [type];
    return types.every((one) => one.isStringLiteral()) ? types.map((one) => (one as ts.StringLiteralType).value) : undefined;
  }

  private text(expression: ts.Expression): string | undefined {
    if (ts.isStringLiteralLike(expression)) return cell(expression.text);
    if (!ts.isTemplateExpression(expression)) return undefined;
    return cell(expression.head.text + expression.templateSpans.map(({ literal }) => `…${literal.text}`).join(''));
  }
}

const cell = (text: string): string => text.replace(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;');

function functionOf(node: ts.Node): ts.SignatureDeclaration | undefined {
  for (let at = node.parent; at; at = at.parent) if (ts.isFunctionLike(at)) return at;
  return undefined;
}
