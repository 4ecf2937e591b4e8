// An OpenID Connect provider on this machine: a form to sign in, signed tokens (RS256), its keys.
import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const base64 = (value: string | Buffer) => Buffer.from(value).toString("base64url");
export const newKey = (): KeyObject => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;

/** What the provider says of whoever signs in. */
export interface Provider {
  readonly issuer: string;
  /** `claims` change what its tokens say, `key` who signs them; by default it is its own. */
  readonly said: { claims: Record<string, unknown>; key?: KeyObject };
  close(): void;
}

/** Starts it under a name of this machine: "localhost" is another site to browsers than "127.0.0.1". */
export async function startProvider(host: "127.0.0.1" | "localhost" = "127.0.0.1"): Promise<Provider> {
  const own = newKey();
  const codes = new Map<string, URLSearchParams>();
  const said: Provider["said"] = { claims: {} };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url!, issuer);
    let body = "";
    for await (const chunk of request) body += chunk;
    const given = new URLSearchParams(body);
    const json = (body: object, status = 200) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    switch (pathname) {
      case "/.well-known/openid-configuration":
        return json({
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/keys`,
          authorization_response_iss_parameter_supported: true,
        });
      case "/keys":
        return json({
          keys: [{ ...own.export({ format: "jwk" }), d: undefined, kid: "1", alg: "RS256", use: "sig" }],
        });
      case "/authorize":
        if (request.method === "GET")
          return response.writeHead(200, { "content-type": "text/html" }).end(FORM);
        return response.writeHead(302, { location: back(searchParams, given) }).end();
      case "/token":
        return json(...answer(given, request.headers.authorization));
      default:
        return json({ error: "not_found" }, 404);
    }
  });
  /** Where a person goes who has said yes or no, with what providers put beside that. */
  function back(asked: URLSearchParams, given: URLSearchParams): string {
    const code = randomUUID();
    codes.set(code, asked);
    const answer: Record<string, string> =
      given.get("say") === "no"
        ? { error: "access_denied", error_description: "The person said no." }
        : { code, session_state: "s", scope: "openid" };
    const there = new URL(asked.get("redirect_uri")!);
    there.search = new URLSearchParams({ ...answer, state: asked.get("state")!, iss: issuer }).toString();
    return there.href;
  }
  function answer(given: URLSearchParams, authorization: string | undefined): [object, number?] {
    const asked = codes.get(given.get("code") ?? "");
    const challenge = createHash("sha256")
      .update(given.get("code_verifier") ?? "")
      .digest("base64url");
    const isClient = authorization === `Basic ${Buffer.from("baimo:secret").toString("base64")}`;
    if (!asked || !isClient || asked.get("code_challenge") !== challenge)
      return [{ error: "invalid_grant" }, 400];
    codes.delete(given.get("code")!);
    const now = Math.floor(Date.now() / 1000);
    const standard = { iss: issuer, aud: "baimo", iat: now, exp: now + 60, nonce: asked.get("nonce") };
    const parts = [{ alg: "RS256", kid: "1" }, Object.assign(standard, said.claims)].map((part) =>
      base64(JSON.stringify(part)),
    );
    const signature = sign("sha256", Buffer.from(parts.join(".")), said.key ?? own);
    return [{ access_token: "t", token_type: "Bearer", id_token: [...parts, base64(signature)].join(".") }];
  }
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const issuer = `http://${host}:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    said,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const FORM = `<!doctype html><title>Campus</title><form method="post">
<button name="say" value="yes">It is me</button><button name="say" value="no">Never mind</button></form>`;
