// The tool mcp.call: tools of MCP servers that the owner lists, and that change nothing.
import { BaimoError } from "../../errors.ts";
import { isRecord, type JsonSchema } from "../../json.ts";
import type { ToolServer } from "../../store/tool-servers.ts";
import type { Connections } from "../../upstream/tool-connections.ts";
import { mismatches } from "../check-schema.ts";
import { hashOf } from "../evidence.ts";
import { isReference } from "../graph/references.ts";
import { prune } from "../http/operations.ts";
import type { RemoteTool } from "../planner/catalogue.ts";
import type { Args, Tool } from "../tool.ts";

/** A server, who may call it, and the schema of what each of its tools gives. */
export interface McpSource {
  readonly server: Pick<ToolServer, "kind" | "target">;
  readonly roles: readonly string[];
  readonly tools: Readonly<Record<string, JsonSchema>>;
}

const MOST_MS = 30_000;

/** What a role's plans may call; a server that does not answer now offers nothing. */
export async function remoteTools(
  sources: ReadonlyMap<string, McpSource>,
  connections: Connections,
  role: string,
): Promise<RemoteTool[]> {
  const mine = [...sources].filter(([, { roles }]) => roles.includes(role));
  const offers = mine.map(async ([server, source]) => {
    const offered = await connections.tools(serverOf(server, source)).catch(() => []);
    return offered.flatMap(({ name: tool, inputSchema: input }) =>
      Object.hasOwn(source.tools, tool) ? [{ server, tool, input, answer: source.tools[tool] }] : [],
    );
  });
  return (await Promise.all(offers)).flat();
}

export function mcpCall(sources: ReadonlyMap<string, McpSource>, connections: Connections): Tool {
  const find = ({ server: name, tool }: Args) => {
    const source = sources.get(String(name));
    const answer =
      source && Object.hasOwn(source.tools, String(tool)) ? source.tools[String(tool)] : undefined;
    if (source && answer) return { server: serverOf(String(name), source), source, answer };
    const known = [...sources].flatMap(([server, { tools }]) =>
      Object.keys(tools).map((each) => `${server} ${each}`),
    );
    throw new BaimoError("request", `there is no tool ${tool} of ${name}; known: ${known.join(", ")}`);
  };
  return {
    name: "mcp.call",
    effect: "read",
    fixed: ["server", "tool"],
    input: {
      type: "object",
      required: ["server", "tool"],
      additionalProperties: false,
      properties: {
        server: { type: "string", enum: [...sources.keys()] },
        tool: { type: "string" },
        input: { type: "object" },
      },
    },
    costFen: () => 0,
    async check(args, { role }) {
      const { server, source, answer } = find(args);
      if (!source.roles.includes(role)) {
        throw new BaimoError("request", `permission: the role ${role} may not call ${args.server}`);
      }
      const offered = (await connections.tools(server)).find(({ name }) => name === args.tool);
      if (!offered) throw new BaimoError("request", `the server ${args.server} offers no tool ${args.tool}`);
      const [fault] = mismatches(args.input ?? {}, offered.inputSchema, { skip: isReference });
      if (fault) throw new BaimoError("request", `input${fault.at} ${fault.text}`);
      return answer;
    },
    async run({ node, args, signal }) {
      const { server, answer } = find(args);
      const input = isRecord(args.input) ? args.input : {};
      const limit = AbortSignal.timeout(MOST_MS);
      const given = await connections.data(
        server,
        String(args.tool),
        input,
        signal ? AbortSignal.any([signal, limit]) : limit,
      );
      const { kept, dropped } = prune(given, answer, answer);
      const [fault] = mismatches(kept, answer);
      if (fault) {
        throw new BaimoError(
          "format",
          `the answer of ${args.tool} is against its schema: ${fault.at} ${fault.text}`,
        );
      }
      const [service, operationId] = [server.name, String(args.tool)];
      const answerSha256 = await hashOf(kept);
      return {
        output: kept,
        dropped,
        evidence: [{ kind: "http", node, service, operationId, answerSha256 }],
      };
    },
  };
}

const serverOf = (name: string, { server: { kind, target } }: McpSource): ToolServer => ({
  id: name,
  name,
  kind,
  target,
  trusted: [],
});
