// How the page talks to the service: each request carries the active identity's bearer token, and a token
// that comes back from signing up or logging in is used from then on.

import { activeIdentity, adopt, announce, forget, rememberWallet } from './identities.js';

const ENDPOINT = '/graphql';
const SIGNING_IN = new Set(['signUpClient', 'signUpCompany', 'logIn', 'changePassword']);

const rolesInWords = { CLIENT: 'client', COMPANY: 'company', ADMIN: 'administrator' };

/** Sends one GraphQL request and answers with its result; what is no GraphQL result becomes an error in one. */
async function post(body, headers) {
  const response = await fetch(ENDPOINT, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return { errors: [{ message: `HTTP ${response.status}: ${text || response.statusText}` }] };
  }
}

const authorization = (token) => ({ authorization: `Bearer ${token}` });

/** Asks the service whom `token` stands for: {role, email}, or null when it isn't accepted. */
export async function whoHolds(token) {
  const { data } = await post({ query: '{ viewer { email role } }' }, authorization(token));
  return data?.viewer ?? null;
}

/** GraphiQL's fetcher. A header typed into GraphiQL's own Headers editor goes before the identity's token. */
export async function fetcher({ query, variables, operationName }, { headers: typed = {}, documentAST } = {}) {
  const speaker = activeIdentity();
  const ownHeader = Object.keys(typed).some((name) => name.toLowerCase() === 'authorization');
  const headers = speaker && !ownHeader ? { ...authorization(speaker.token), ...typed } : typed;
  const result = await post({ query, variables, operationName }, headers);
  await learnFrom(result, mutationFields(documentAST, operationName), ownHeader ? null : speaker);
  return result;
}

/** The answer's name and the schema's name of each field of the mutation that ran; none for a query. */
function mutationFields(documentAST, operationName) {
  const operations = documentAST?.definitions.filter(({ kind }) => kind === 'OperationDefinition') ?? [];
  const ran = operations.find(({ name }) => name?.value === operationName) ?? operations[0];
  if (ran?.operation !== 'mutation') return [];
  return ran.selectionSet.selections
    .filter(({ kind }) => kind === 'Field')
    .map(({ alias, name }) => ({ key: alias?.value ?? name.value, field: name.value }));
}

async function learnFrom(result, fields, speaker) {
  const refused = result.errors?.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED');
  if (refused && speaker) {
    announce(`The token of ${speaker.email} isn't accepted any more: log in again, or paste another.`);
  }
  for (const { key, field } of fields) {
    const payload = result.data?.[key];
    if (!payload) continue;
    if (SIGNING_IN.has(field) && payload.token) await useToken(payload.token);
    if (field === 'createWallet' && speaker && payload.wallet?.token) rememberWallet(speaker.role, payload.wallet.token);
    if (field === 'logOut' && speaker && !payload.userErrors?.length) {
      forget(speaker.role, `${speaker.email} is logged out; its token is forgotten.`);
    }
  }
}

/** Takes a bearer token into use; false when the service doesn't accept it. */
export async function useToken(token) {
  const holder = await whoHolds(token);
  if (!holder) return false;
  adopt({ ...holder, token, wallet: null }, `Now speaking as the ${rolesInWords[holder.role]}, ${holder.email}.`);
  return true;
}
