// Parses a template into its syntax tree: text, expressions to print, statements.

import type {
  BlockNode,
  CallBlockNode,
  ForNode,
  IfNode,
  NameNode,
  OutputPart,
  Signature,
  Statement,
  Target,
} from "./ast.ts";
import { readTokens, type Whitespace } from "./lexer.ts";
import {
  parseExpression,
  parseFilter,
  parseTarget,
  parseTargetName,
  parseTuple,
} from "./parse-expression.ts";
import { isSpace } from "./text.ts";
import { TokenStream } from "./token-stream.ts";
import { describeExpected } from "./tokens.ts";

/**
 * Parses a template.
 *
 * @throws {TemplateError} with the line, where it is not Jinja
 */
export function parseTemplate(source: string, whitespace?: Whitespace): Statement[] {
  return new Parser(new TokenStream(readTokens(source, whitespace))).body([]);
}

type StatementParser = (parser: Parser) => Statement;

class Parser {
  readonly stream: TokenStream;
  /** The tags that are open, for messages. */
  readonly #tags: string[] = [];
  /** What ends each open body. */
  readonly #ends: (readonly string[])[] = [];

  constructor(stream: TokenStream) {
    this.stream = stream;
  }

  /** Statements up to a tag of `ends`, which becomes the current token; to the end where there is none. */
  body(ends: readonly string[]): Statement[] {
    const { stream } = this;
    const statements: Statement[] = [];
    let parts: OutputPart[] = [];
    const flush = () => {
      if (parts.length > 0) statements.push({ type: "Output", nodes: parts, line: parts[0].line });
      parts = [];
    };
    this.#ends.push(ends);
    for (;;) {
      const { type, value, line } = stream.current;
      if (type === "eof") break;
      stream.next();
      if (type === "data") parts.push({ type: "Data", text: value, line });
      else if (type === "variable_begin") {
        parts.push(parseTuple(stream));
        stream.expect("variable_end");
      } else {
        flush();
        if (stream.isAny(ends)) {
          this.#ends.pop();
          return statements;
        }
        statements.push(stream.nested(() => this.#statement()));
        stream.expect("block_end");
      }
    }
    flush();
    if (ends.length > 0) this.#failUnknown(undefined);
    this.#ends.pop();
    return statements;
  }

  /** The body of a statement; with `drop`, the tag that ends it is passed. */
  statements(ends: readonly string[], drop = false): Statement[] {
    this.stream.skipIf("colon");
    this.stream.expect("block_end");
    const statements = this.body(ends);
    if (drop) this.stream.next();
    return statements;
  }

  #statement(): Statement {
    const token = this.stream.current;
    if (token.type !== "name") this.stream.fail("tag name expected");
    const parse = Object.hasOwn(STATEMENTS, token.value) ? STATEMENTS[token.value] : undefined;
    if (!parse) return this.#failUnknown(token.value);
    this.#tags.push(token.value);
    const statement = parse(this);
    this.#tags.pop();
    return statement;
  }

  #failUnknown(name: string | undefined): never {
    const open = this.#ends.filter((ends) => ends.length > 0);
    const looking = open.at(-1)?.map((end) => `'${describeExpected(end)}'`);
    const parts = [name === undefined ? "Unexpected end of template." : `Encountered unknown tag '${name}'.`];
    if (looking) {
      const expected = name !== undefined && open.flat().includes(`name:${name}`);
      parts.push(
        expected
          ? "You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for " +
              `${looking.join(" or ")}.`
          : `Jinja was looking for the following tags: ${looking.join(" or ")}.`,
      );
    }
    const tag = this.#tags.at(-1);
    if (tag !== undefined) parts.push(`The innermost block that needs to be closed is '${tag}'.`);
    this.stream.fail(parts.join(" "));
  }

  /** The parameters of a macro or a call block. */
  signature(): Signature {
    const { stream } = this;
    const params: NameNode[] = [];
    const defaults = [];
    stream.expect("lparen");
    while (!stream.isType("rparen")) {
      if (params.length > 0) stream.expect("comma");
      const { line } = stream.current;
      const name = parseTargetName(stream);
      if (stream.skipIf("assign")) defaults.push(parseExpression(stream));
      else if (defaults.length > 0) stream.fail("non-default argument follows default argument");
      params.push({ type: "Name", name, context: "param", line });
    }
    stream.expect("rparen");
    return { params, defaults };
  }
}

const STATEMENTS: Readonly<Record<string, StatementParser>> = {
  for: parseFor,
  if: parseIf,
  set: parseSet,
  with: parseWith,
  macro: parseMacro,
  call: parseCallBlock,
  generation: parseGeneration,
  filter: parseFilterBlock,
  block: parseBlock,
  autoescape: parseAutoescape,
  print: parsePrint,
  extends: ({ stream }) => ({ type: "Extends", line: stream.next().line, template: parseExpression(stream) }),
  include: parseInclude,
  import: parseImport,
  from: parseFromImport,
  break: ({ stream }) => ({ type: "Break", line: stream.next().line }),
  continue: ({ stream }) => ({ type: "Continue", line: stream.next().line }),
};

function parseFor(parser: Parser): ForNode {
  const { stream } = parser;
  const { line } = stream.next();
  const target = parseTarget(stream);
  stream.expect("name:in");
  const iterable = parseTuple(stream, { conditional: false });
  const test = stream.skipIf("name:if") ? parseExpression(stream) : undefined;
  const recursive = stream.skipIf("name:recursive");
  const body = parser.statements(["name:endfor", "name:else"]);
  const ended = stream.next().value === "endfor";
  const otherwise = ended ? [] : parser.statements(["name:endfor"], true);
  return { type: "For", target, iterable, body, otherwise, test, recursive, line };
}

function parseIf(parser: Parser): IfNode {
  const { stream } = parser;
  const branch = (line: number): IfNode => ({
    type: "If",
    line,
    test: parseTuple(stream, { conditional: false }),
    body: parser.statements(["name:elif", "name:else", "name:endif"]),
    elifs: [],
    otherwise: [],
  });
  const result = branch(stream.next().line);
  for (;;) {
    const { value } = stream.next();
    if (value === "elif") result.elifs.push(branch(stream.current.line));
    else {
      if (value === "else") result.otherwise = parser.statements(["name:endif"], true);
      return result;
    }
  }
}

function parseSet(parser: Parser): Statement {
  const { stream } = parser;
  const { line } = stream.next();
  const target = parseTarget(stream, { namespaces: true });
  if (stream.skipIf("assign")) return { type: "Assign", target, node: parseTuple(stream), line };
  const filter = stream.skipIf("pipe") ? parseFilter(stream, undefined) : undefined;
  return { type: "AssignBlock", target, filter, body: parser.statements(["name:endset"], true), line };
}

function parseWith(parser: Parser): Statement {
  const { stream } = parser;
  const { line } = stream.next();
  const targets: Target[] = [];
  const values = [];
  while (!stream.isType("block_end")) {
    if (targets.length > 0) stream.expect("comma");
    const target = parseTarget(stream);
    toParameter(target);
    targets.push(target);
    stream.expect("assign");
    values.push(parseExpression(stream));
  }
  return { type: "With", targets, values, body: parser.statements(["name:endwith"], true), line };
}

function toParameter(target: Target): void {
  if (target.type === "Name") target.context = "param";
  else if (target.type === "Tuple") for (const item of target.items) toParameter(item as Target);
}

function parseMacro(parser: Parser): Statement {
  const { line } = parser.stream.next();
  const name = parseTargetName(parser.stream);
  const { params, defaults } = parser.signature();
  return { type: "Macro", name, params, defaults, body: parser.statements(["name:endmacro"], true), line };
}

function parseCallBlock(parser: Parser): CallBlockNode {
  const { stream } = parser;
  const { line } = stream.next();
  const { params, defaults } = stream.isType("lparen") ? parser.signature() : { params: [], defaults: [] };
  const call = parseExpression(stream);
  if (call.type !== "Call") return stream.fail("expected call", line);
  return { type: "CallBlock", call, params, defaults, body: parser.statements(["name:endcall"], true), line };
}

function parseGeneration(parser: Parser): CallBlockNode {
  const { line } = parser.stream.next();
  const body = parser.statements(["name:endgeneration"], true);
  return { type: "CallBlock", call: undefined, params: [], defaults: [], body, line };
}

function parseFilterBlock(parser: Parser): Statement {
  const { line } = parser.stream.next();
  const filter = parseFilter(parser.stream, undefined);
  return { type: "FilterBlock", filter, body: parser.statements(["name:endfilter"], true), line };
}

function parseBlock(parser: Parser): BlockNode {
  const { stream } = parser;
  const { line } = stream.next();
  const name = stream.expect("name").value;
  const scoped = stream.skipIf("name:scoped");
  const required = stream.skipIf("name:required");
  if (stream.isType("sub")) {
    stream.fail(
      "Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an underscore instead.",
    );
  }
  const body = parser.statements(["name:endblock"], true);
  const blank = (part: OutputPart) => part.type === "Data" && isSpace(part.text);
  if (required && !body.every((node) => node.type === "Output" && node.nodes.every(blank))) {
    stream.fail("Required blocks can only contain comments or whitespace");
  }
  stream.skipIf(`name:${name}`);
  return { type: "Block", name, scoped, required, body, line };
}

function parseAutoescape(parser: Parser): Statement {
  const { line } = parser.stream.next();
  const value = parseExpression(parser.stream);
  return { type: "Autoescape", value, body: parser.statements(["name:endautoescape"], true), line };
}

function parsePrint({ stream }: Parser): Statement {
  const { line } = stream.next();
  const nodes: OutputPart[] = [];
  while (!stream.isType("block_end")) {
    if (nodes.length > 0) stream.expect("comma");
    nodes.push(parseExpression(stream));
  }
  return { type: "Output", nodes, line };
}

/** `with context` or `without context`, which change nothing where nothing can be imported. */
function parseContext({ stream }: Parser): boolean {
  if (!stream.isAny(["name:with", "name:without"]) || !stream.followedBy("name:context")) return false;
  stream.next();
  stream.next();
  return true;
}

function parseInclude(parser: Parser): Statement {
  const { stream } = parser;
  const { line } = stream.next();
  const template = parseExpression(stream);
  const ignoreMissing = stream.is("name:ignore") && stream.followedBy("name:missing");
  if (ignoreMissing) {
    stream.next();
    stream.next();
  }
  parseContext(parser);
  return { type: "Include", template, ignoreMissing, line };
}

function parseImport(parser: Parser): Statement {
  const { stream } = parser;
  const { line } = stream.next();
  const template = parseExpression(stream);
  stream.expect("name:as");
  const names = [parseTargetName(stream)];
  parseContext(parser);
  return { type: "Import", template, names, line };
}

function parseFromImport(parser: Parser): Statement {
  const { stream } = parser;
  const { line } = stream.next();
  const template = parseExpression(stream);
  stream.expect("name:import");
  const names: string[] = [];
  for (;;) {
    if (names.length > 0) stream.expect("comma");
    if (!stream.isType("name")) stream.expect("name");
    if (parseContext(parser)) break;
    const at = stream.current.line;
    const name = parseTargetName(stream);
    if (name.startsWith("_")) {
      stream.fail("names starting with an underline can not be imported", at, "TemplateAssertionError");
    }
    names.push(stream.skipIf("name:as") ? parseTargetName(stream) : name);
    if (parseContext(parser) || !stream.isType("comma")) break;
  }
  return { type: "Import", template, names, line };
}
