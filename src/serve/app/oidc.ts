// Signing in elsewhere: OpenID Connect, an authorization code with PKCE, by oauth4webapi.
import { BaimoError } from "../../errors.ts";
import { fields, kindOf, required, text } from "../../option-kinds.ts";
import type { TableOf } from "../../options.ts";
import { Problem } from "../problem.ts";

/** Where people sign in, and what this server is called there. */
export interface OidcOptions {
  /** The provider's address, as its documents name it. */
  issuer: string;
  clientId: string;
  /** Left out for a public client. */
  clientSecret?: string;
  /** Where people reach this server; `/app/v1/oidc/callback` under it is registered at the provider. */
  publicUrl: string;
  /** What the page calls the provider. Default: the issuer's host. */
  label?: string;
}

/** An address that may be trusted to be who it says. */
export const safeAddress = kindOf(
  "text",
  "an address that begins with https://, or with http:// on this machine",
  (value) => typeof value === "string",
  (value) => URL.canParse(value) && (new URL(value).protocol === "https:" || isHere(new URL(value))),
  { type: "string" },
);

const isHere = ({ protocol, hostname }: URL) =>
  protocol === "http:" && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);

/** The same, declared. */
export const oidc = fields({
  issuer: required(safeAddress),
  clientId: required(text({ most: 1024 })),
  clientSecret: text({ most: 1024 }),
  publicUrl: required(safeAddress),
  label: text({ most: 60 }),
} satisfies TableOf<OidcOptions>);

/** Whom a provider names: the subject stays, names may change. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
}

/** How long somebody may take to sign in there, and how many may at once. */
const [WAITING_MS, MOST_WAITING] = [10 * 60_000, 1000];

interface Waiting {
  readonly verifier: string;
  readonly nonce: string;
  readonly until: number;
}

/** One provider, and who has gone there to sign in. */
export class Oidc {
  readonly #options: OidcOptions;
  /** By state. */
  readonly #waiting = new Map<string, Waiting>();
  #opened: ReturnType<typeof discover> | undefined;

  constructor(options: OidcOptions) {
    this.#options = options;
  }

  get label(): string {
    return this.#options.label ?? new URL(this.#options.issuer).host;
  }

  /** The page of this server. */
  get page(): string {
    return `${this.#options.publicUrl.replace(/\/$/, "")}/`;
  }

  get #redirect(): string {
    return `${this.page}app/v1/oidc/callback`;
  }

  /**
   * Where somebody goes to sign in; `state` is for their browser alone, which shows it on coming back.
   * @throws {BaimoError} `upstream` where the provider cannot be asked
   * @throws {Problem} 429 where too many are on their way
   */
  async begin(): Promise<{ address: string; state: string }> {
    const { oauth, provider } = await this.#open();
    const now = Date.now();
    for (const [state, { until }] of this.#waiting) if (until < now) this.#waiting.delete(state);
    if (this.#waiting.size >= MOST_WAITING)
      throw new Problem(429, "too many are signing in; try again in a while", { code: "too_many_attempts" });
    const [state, nonce, verifier] = [
      oauth.generateRandomState(),
      oauth.generateRandomNonce(),
      oauth.generateRandomCodeVerifier(),
    ];
    this.#waiting.set(state, { verifier, nonce, until: now + WAITING_MS });
    const there = new URL(provider.authorization_endpoint ?? this.#options.issuer);
    const asked = {
      client_id: this.#options.clientId,
      redirect_uri: this.#redirect,
      response_type: "code",
      scope: "openid profile email",
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    };
    for (const [name, value] of Object.entries(asked)) there.searchParams.set(name, value);
    return { address: there.href, state };
  }

  /**
   * Who has come back; `state` is what their browser shows. A state is good once.
   * @throws {BaimoError} `upstream` for an answer that the provider did not give, or refuses to stand by
   */
  async finish(url: string, state: string): Promise<Identity> {
    const waiting = this.#waiting.get(state);
    this.#waiting.delete(state);
    if (!waiting || waiting.until < Date.now())
      throw new BaimoError("upstream", "nobody waits for this answer of the provider; sign in again");
    const { oauth, provider, http } = await this.#open();
    const { clientId, clientSecret, issuer } = this.#options;
    const client = { client_id: clientId };
    const proof = clientSecret === undefined ? oauth.None() : oauth.ClientSecretBasic(clientSecret);
    try {
      const given = oauth.validateAuthResponse(provider, client, new URL(url), state);
      const { verifier, nonce } = waiting;
      const response = await oauth.authorizationCodeGrantRequest(
        provider,
        client,
        proof,
        given,
        this.#redirect,
        verifier,
        http,
      );
      const told = await oauth.processAuthorizationCodeResponse(provider, client, response, {
        expectedNonce: nonce,
        requireIdToken: true,
      });
      await oauth.validateApplicationLevelSignature(provider, response, http);
      const claims = oauth.getValidatedIdTokenClaims(told)!;
      const name = [claims.preferred_username, claims.email, claims.name].find(isName) ?? claims.sub;
      return { issuer, subject: claims.sub, name };
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new BaimoError("upstream", `the answer of ${issuer} does not hold: ${message}`, { cause });
    }
  }

  /** The provider's description, asked for once; where that fails it is asked for again. */
  #open(): ReturnType<typeof discover> {
    this.#opened ??= discover(this.#options).catch((error) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }
}

const isName = (value: unknown): value is string => typeof value === "string" && value !== "";

async function discover({ issuer }: OidcOptions) {
  const oauth = await loadOauth();
  const from = new URL(issuer);
  const http = { [oauth.allowInsecureRequests]: isHere(from) };
  try {
    const provider = await oauth.processDiscoveryResponse(from, await oauth.discoveryRequest(from, http));
    return { oauth, provider, http };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new BaimoError("upstream", `the provider ${issuer} cannot be asked: ${message}`, { cause });
  }
}

async function loadOauth() {
  try {
    return await import("oauth4webapi");
  } catch (cause) {
    const message = "signing in elsewhere needs the package oauth4webapi; npm install it beside baimo";
    throw new BaimoError("config", message, { cause });
  }
}
