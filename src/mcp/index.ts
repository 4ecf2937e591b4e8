// baimo/mcp: a server's models as tools of the Model Context Protocol. Re-exports only.
export { createMcp, type Mcp } from "./create-mcp.ts";
export { serveStdio } from "./stdio.ts";
