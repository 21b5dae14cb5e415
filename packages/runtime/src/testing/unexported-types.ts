import path from "node:path";
import ts from "typescript";

/** The declarations of a package. */
export interface DeclaredPackage {
  /** The program that contains them. */
  readonly program: ts.Program;
  /** File of the declarations that users import. */
  readonly index: string;
  /** Types that are declared below this folder must be exported by `index`; others are foreign. */
  readonly folder: string;
}

/**
 * Finds the types that exported declarations mention but that users cannot import.
 *
 * @returns `mentioning export: type` for each, sorted.
 */
export function unexportedTypes({ program, index, folder }: DeclaredPackage): string[] {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(index);
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${index} is not a module of the program`);

  const resolve = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const exported = new Set(checker.getExportsOfModule(module).map(resolve));
  const found = new Set<string>();

  function visit(node: ts.Node, owner: { name: string; declaration: ts.Declaration }): void {
    const name = nameOfType(node);
    const symbol = name && checker.getSymbolAtLocation(name);
    if (symbol && isMissing(resolve(symbol), owner.declaration)) {
      found.add(`${owner.name}: ${symbol.name}`);
    }
    ts.forEachChild(node, (child) => visit(child, owner));
  }

  function isMissing(symbol: ts.Symbol, owner: ts.Declaration): boolean {
    if (exported.has(symbol)) return false;
    return (symbol.declarations ?? []).some((declaration) => {
      const { fileName } = declaration.getSourceFile();
      if (path.relative(folder, fileName).startsWith("..")) return false;
      // A type parameter, or a member that a type query names.
      for (let node: ts.Node | undefined = declaration; node; node = node.parent) {
        if (node === owner) return false;
      }
      return !ts.isTypeParameterDeclaration(declaration);
    });
  }

  for (const symbol of exported) {
    for (const declaration of symbol.declarations ?? []) {
      visit(declaration, { name: symbol.name, declaration });
    }
  }
  return [...found].sort();
}

/** The name in a node that refers to a type, or to a value whose type is meant. */
function nameOfType(node: ts.Node): ts.Node | undefined {
  if (ts.isTypeReferenceNode(node)) return node.typeName;
  if (ts.isTypeQueryNode(node)) return node.exprName;
  if (ts.isExpressionWithTypeArguments(node)) return node.expression;
  if (ts.isImportTypeNode(node)) return node.qualifier;
  return undefined;
}
