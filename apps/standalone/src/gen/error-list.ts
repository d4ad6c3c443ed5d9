/**
 * Every code that a DomainError can have, with the status of its answer and what it says, read off the sources by the compiler: a code that is
 * handed through functions is found where it is named.
 */
import { CUT_OFF } from '@app/enrolment';
import { assert, type DomainErrorKind } from '@app/kernel';
import { OTHER_PROBLEMS, STATUS } from '@app/platform';
import ts from 'typescript';

const HEADER = `# Errors

Failures are answered as RFC 9457 problem+json: \`type\` is \`urn:hubao:\` and the code, \`detail\` says what was expected, what was found and what to do. Made by
\`npm run gen\`; \`…\` stands for what differs. 5xx and 429 may be tried again, after \`Retry-After\` where there is one.

| code | status | detail |
| ---- | ------ | ------ |
`;

/** Where a failure is told that was stored: its code is named where it was made. */
const STORED = ['roster.service.ts'];

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
  const add = (code: string, status: number, detail: string | undefined): void => {
    const said = errors.get(code) ?? { statuses: new Set(), details: new Set() };
    said.statuses.add(status);
    if (detail) said.details.add(cell(detail));
    errors.set(code, said);
  };
  new Reader(program).read((code, kind, detail) => add(code, STATUS[kind as DomainErrorKind], detail));
  add(CUT_OFF.code, STATUS[CUT_OFF.kind], CUT_OFF.message);
  for (const { title, status, detail } of OTHER_PROBLEMS) add(title, status, detail);
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

  read(found: (code: string, kind: string, detail: string | undefined) => void): void {
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
    for (const one of codes ?? []) {
      const kinds = [this.textFor(kind!, one) ?? this.literals(kind!) ?? []].flat();
      // One code may be of several kinds; of several codes each has its own.
      assert(
        kinds.length === 1 || (kinds.length > 1 && codes!.length === 1),
        `${whereIs(kind!)}: expected the kind of "${one}", found none`,
      );
      for (const each of kinds) found(one, each, detail && this.textFor(detail, one));
    }
    if (codes) return;
    const enclosing = functionOf(code!);
    const callers = this.calls.filter((one) => enclosing && this.checker.getResolvedSignature(one)?.declaration === enclosing);
    assert(
      callers.length > 0 || STORED.some((path) => whereIs(call).includes(path)),
      `${whereIs(call)}: expected a code that can be known`,
    );
    if (!enclosing || seen.has(enclosing)) return;
    for (const caller of callers) {
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

  /** A text as it is for one code: written out, chosen by the code, or from a table by code. */
  private textFor(expression: ts.Expression, code: string): string | undefined {
    if (ts.isStringLiteralLike(expression)) return expression.text;
    if (ts.isTemplateExpression(expression))
      return expression.head.text + expression.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
    if (ts.isConditionalExpression(expression) && ts.isBinaryExpression(expression.condition)) {
      const named = this.textFor(expression.condition.right, code);
      const equals = expression.condition.operatorToken.kind === ts.SyntaxKind.EqualsEqualsEqualsToken;
      return named === undefined || !equals ? undefined : this.textFor(named === code ? expression.whenTrue : expression.whenFalse, code);
    }
    const said = this.declared(expression, code);
    return said && this.textFor(said, code);
  }

  /** What stands for a name, or in a table under the code. */
  private declared(expression: ts.Expression, code: string): ts.Expression | undefined {
    if (ts.isElementAccessExpression(expression)) {
      const table = this.declared(expression.expression, code);
      if (!table || !ts.isObjectLiteralExpression(table)) return undefined;
      const entry = table.properties.find((one) => ts.isPropertyAssignment(one) && 'text' in one.name && one.name.text === code);
      return entry && ts.isPropertyAssignment(entry) ? entry.initializer : undefined;
    }
    const declaration = ts.isIdentifier(expression) ? this.checker.getSymbolAtLocation(expression)?.valueDeclaration : undefined;
    if (declaration && ts.isVariableDeclaration(declaration)) return declaration.initializer;
    if (!declaration || !ts.isBindingElement(declaration) || !ts.isArrayBindingPattern(declaration.parent)) return undefined;
    const { initializer } = declaration.parent.parent as ts.VariableDeclaration;
    const row = initializer && this.declared(initializer, code);
    return row && ts.isArrayLiteralExpression(row) ? row.elements[declaration.parent.elements.indexOf(declaration)] : undefined;
  }
}

const cell = (text: string): string => text.replace(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;');

const whereIs = (node: ts.Node): string => {
  const file = node.getSourceFile();
  return `${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
};

function functionOf(node: ts.Node): ts.SignatureDeclaration | undefined {
  for (let at = node.parent; at; at = at.parent) if (ts.isFunctionLike(at)) return at;
  return undefined;
}
