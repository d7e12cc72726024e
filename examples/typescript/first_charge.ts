/**
 * The first charge in TypeScript: a client tops up a wallet, a company charges it.
 *
 *     npm ci && npm start [URL]      URL defaults to http://127.0.0.1:8000
 */
import { randomBytes } from "node:crypto";
import { Purser, type OperationPayload, type UserError } from "./purser.js";

const PERSON = { password: "correct-horse-9", firstName: "Ada", lastName: "Lovelace", phoneNumber: "+4915112345678" };
const SIGN_UP_CLIENT = `
  mutation ($input: SignUpClientInput!) { signUpClient(input: $input) { token userErrors { code message } } }`;
const SIGN_UP_COMPANY = `
  mutation ($input: SignUpCompanyInput!) { signUpCompany(input: $input) { token userErrors { code message } } }`;
const CREATE_WALLET = `
  mutation ($input: CreateWalletInput!) { createWallet(input: $input) { wallet { token } userErrors { code message } } }`;
const PAYLOAD = `
  operation { id status failureCode } wallet { available { amount currency } } replayed userErrors { code message }`;
const DEPOSIT = `mutation ($input: DepositInput!) { deposit(input: $input) { ${PAYLOAD} } }`;
const CHARGE = `mutation ($input: ChargeInput!) { charge(input: $input) { ${PAYLOAD} } }`;

interface Refusable {
  userErrors: UserError[];
}
interface SignUpPayload extends Refusable {
  token: string;
}
interface WalletPayload extends Refusable {
  wallet: { token: string };
}

/** The payload of a mutation. A business refusal ends the program. */
function done<Payload extends Refusable>(payload: Payload): Payload {
  const [refusal] = payload.userErrors;
  if (refusal) throw new Error(`Refused: ${refusal.message}`);
  return payload;
}

const anyone = new Purser(process.argv[2] ?? "http://127.0.0.1:8000");
const run = randomBytes(6).toString("hex"); // makes the names and keys of this run its own

const person = { email: `ada-${run}@example.com`, ...PERSON };
const { signUpClient } = await anyone.ask<{ signUpClient: SignUpPayload }>(SIGN_UP_CLIENT, { input: person });
const ada = anyone.withToken(done(signUpClient).token);
const company = { email: `shop-${run}@example.com`, name: "Corner Shop", url: "https://shop.example.com", ...PERSON };
const { signUpCompany } = await anyone.ask<{ signUpCompany: SignUpPayload }>(SIGN_UP_COMPANY, { input: company });
const shop = anyone.withToken(done(signUpCompany).token);

const { createWallet } = await ada.ask<{ createWallet: WalletPayload }>(CREATE_WALLET, { input: { name: "Lunch" } });
const wallet = done(createWallet).wallet.token;
await shop.ask(CREATE_WALLET, { input: {} });

const topUp = { wallet, amount: "10.00", idempotencyKey: `top-up-${run}` };
const { deposit } = await ada.insist<{ deposit: OperationPayload }>(DEPOSIT, { input: topUp });
console.log("Ada has", done(deposit).wallet?.available.amount);

const soup = { wallet, amount: "4.50", summary: "Soup", idempotencyKey: `soup-${run}` };
const { charge } = await shop.insist<{ charge: OperationPayload }>(CHARGE, { input: soup });
console.log("The shop has", done(charge).wallet?.available.amount);
const again = await shop.insist<{ charge: OperationPayload }>(CHARGE, { input: soup });
console.log("Asked again:", done(again.charge).replayed ? "replayed" : "charged twice");
