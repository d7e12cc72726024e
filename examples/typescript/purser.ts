/**
 * A small client of Purser, in one file to copy, for Node.js 20 and browsers.
 *
 *     const purser = new Purser("http://127.0.0.1:8000");
 *     const mine = purser.withToken(token);
 *     await mine.insist<{ charge: OperationPayload }>(CHARGE, { input: { ..., idempotencyKey: "order-17" } });
 *
 * Business refusals are data: look at `userErrors` of what comes back. Everything else is thrown, as `Failed`.
 */

/** Amounts are decimal strings, with exactly the currency's decimals. Never make a float of one. */
export interface Money {
  amount: string;
  currency: string;
}

export type OperationStatus = "PENDING" | "SUCCEEDED" | "FAILED";

export interface UserError {
  code: ErrorCode;
  message: string;
}

/** What the documents of these examples ask of a mutation that moves money. */
export interface OperationPayload {
  operation: { id: string; status: OperationStatus; failureCode: ErrorCode | null } | null;
  wallet: { available: Money } | null;
  replayed: boolean;
  userErrors: UserError[];
}

/** `NO`: nothing happened, and nothing will. `UNKNOWN`: only asking again with the same key tells. */
export type Executed = "NO" | "UNKNOWN";

// What passes by itself. NO_ANSWER is this client's own: the connection broke, or something between answered.
const PASSING = new Set(["RATE_LIMITED", "OVERLOADED", "UNAVAILABLE", "INTERNAL", "NO_ANSWER"]);
const PAUSE_MS_FIRST = 100;
const PAUSE_MS_MAX = 10_000;

/** There is no answer in `data`. `retryAfterMs`: how long the service wants to be left alone. */
export class Failed extends Error {
  constructor(
    readonly code: string,
    message: string,
    public executed: Executed = "UNKNOWN",
    readonly retryAfterMs = 0,
  ) {
    super(`${code}: ${message}`);
  }
}

interface Answer {
  data?: unknown;
  errors?: { message: string; extensions: { code: string; executed?: Executed; retryAfterSeconds?: number } }[];
}

/** The API as one account sees it; without a token, as a stranger does. */
export class Purser {
  readonly headers: Record<string, string>;

  constructor(
    readonly url: string,
    token: string | null = null,
    private readonly msMax = 30_000,
  ) {
    this.headers = token === null ? {} : { Authorization: `Bearer ${token}` };
  }

  /** The same service as another account sees it. */
  withToken(token: string): Purser {
    return new Purser(this.url, token, this.msMax);
  }

  /** The `data` of one request. Throws Failed. */
  async ask<Data>(document: string, variables: object = {}): Promise<Data> {
    let response: Response;
    let answer: Answer | null;
    try {
      response = await fetch(`${this.url}/graphql`, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...this.headers },
        body: JSON.stringify({ query: document, variables }),
        signal: AbortSignal.timeout(this.msMax),
      });
      answer = (await response.json()) as Answer | null;
    } catch (reason) {
      throw new Failed("NO_ANSWER", String(reason));
    }
    if (answer?.errors?.length) {
      throw failed(answer.errors, Number(response.headers.get("Retry-After")) || 0);
    }
    if (answer?.data == null) {
      throw new Failed("NO_ANSWER", `HTTP status ${response.status}`);
    }
    return answer.data as Data;
  }

  /**
   * The same, asked again while what is in the way may pass, for so long at most. Throws Failed.
   *
   * For queries, and for mutations with an idempotencyKey: others might be carried out twice. Once one attempt was
   * UNKNOWN all of it is, until an answer comes: a NO speaks of its own attempt alone.
   */
  async insist<Data>(document: string, variables: object = {}, msMax = 60_000): Promise<Data> {
    const giveUpAt = performance.now() + msMax;
    let executed: Executed = "NO";
    for (let pauseMs = PAUSE_MS_FIRST; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
      try {
        return await this.ask<Data>(document, variables);
      } catch (error) {
        if (!(error instanceof Failed)) throw error;
        executed = error.executed = executed === "UNKNOWN" ? "UNKNOWN" : error.executed;
        // A random part, so that all who were sent away don't come back at once.
        const waitMs = error.retryAfterMs + Math.random() * pauseMs;
        if (!PASSING.has(error.code) || performance.now() + waitMs > giveUpAt) throw error;
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  }
}

/** The first error's code and message; UNKNOWN where any of them is. Errors of queries don't say: NO. */
function failed(errors: NonNullable<Answer["errors"]>, retryAfterSeconds: number): Failed {
  const isUnknown = errors.some(({ extensions }) => extensions.executed === "UNKNOWN");
  const told = errors.map(({ extensions }) => extensions.retryAfterSeconds ?? 0);
  const [first] = errors;
  return new Failed(
    first?.extensions.code ?? "INTERNAL",
    first?.message ?? "",
    isUnknown ? "UNKNOWN" : "NO",
    Math.max(retryAfterSeconds, ...told) * 1000,
  );
}

/** Why something was refused. Names are never changed or reused; later versions may add some. */
export type ErrorCode =
  | "EMAIL_TAKEN"
  | "EMAIL_INVALID"
  | "PASSWORD_TOO_WEAK"
  | "PHONE_NUMBER_INVALID"
  | "URL_INVALID"
  | "BLANK"
  | "TOO_LONG"
  | "BAD_CREDENTIALS"
  | "AMOUNT_NOT_POSITIVE"
  | "AMOUNT_TOO_PRECISE"
  | "AMOUNT_TOO_LARGE"
  | "CURRENCY_UNKNOWN"
  | "CURRENCY_MISMATCH"
  | "RATE_MISSING"
  | "WALLET_NOT_FOUND"
  | "WALLET_REQUIRED"
  | "WALLET_LIMIT_REACHED"
  | "WALLET_FROZEN"
  | "WALLET_CLOSED"
  | "WALLET_NOT_EMPTY"
  | "SAME_WALLET"
  | "INSUFFICIENT_FUNDS"
  | "IDEMPOTENCY_CONFLICT"
  | "OPERATION_NOT_FOUND"
  | "OPERATION_ARCHIVED"
  | "NOT_REFUNDABLE"
  | "REFUND_EXCEEDS_CHARGE"
  | "AUTHORIZATION_CLOSED"
  | "AUTHORIZATION_EXCEEDED"
  | "AUTHORIZATION_OPEN"
  | "NOT_CANCELLABLE"
  | "CANCELLED"
  | "BANK_REFUSED"
  | "NOT_EXECUTED"
  | "INVALID";
