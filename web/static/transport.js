// How the page talks to the service: each request carries the active identity's bearer token, and a token
// that comes back from signing up or logging in is used from then on.

import { parse } from './vendor/graphiql.js';
import { activeIdentity, adopt, announce, forget, remember, snapshot } from './identities.js';
import { PLACES } from './story.js';

const ENDPOINT = '/graphql';
const SIGNING_IN = new Set(['signUpClient', 'signUpCompany', 'logIn']);

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
export async function fetcher({ query, variables, operationName }, { headers: typed = {} } = {}) {
  // The schema is the same for all, and is wanted even where a token from yesterday is still in use.
  const speaker = operationName === 'IntrospectionQuery' ? null : activeIdentity();
  const ownHeader = Object.keys(typed).some((name) => name.toLowerCase() === 'authorization');
  const headers = speaker && !ownHeader ? { ...authorization(speaker.token), ...typed } : typed;
  const operation = chosenOperation(query, operationName);
  // Sent as it stands it would be refused, and its idempotency key would be bound to the refusal.
  const missing = PLACES.find(({ place }) => JSON.stringify(variables ?? null).includes(place));
  if (missing) return { errors: [{ message: `Run step ${missing.step} first: ${missing.name} comes from there.` }] };
  const result = await post({ query, variables, operationName: operation?.name?.value }, headers);
  await learnFrom(result, mutationFields(operation), ownHeader ? null : speaker);
  return result;
}

/**
 * The operation that GraphiQL means, undefined in a document that doesn't parse. GraphiQL's own idea of the name
 * lags a tenth of a second behind the editor: run at once after a change of tab, it names the other tab's.
 */
function chosenOperation(query, operationName) {
  try {
    const operations = parse(query).definitions.filter(({ kind }) => kind === 'OperationDefinition');
    return operations.find(({ name }) => name?.value === operationName) ?? operations[0];
  } catch {
    return undefined;
  }
}

/** The answer's name and the schema's name of each field of a mutation; none for a query. */
function mutationFields(operation) {
  if (operation?.operation !== 'mutation') return [];
  return operation.selectionSet.selections
    .filter(({ kind }) => kind === 'Field')
    .map(({ alias, name }) => ({ key: alias?.value ?? name.value, field: name.value }));
}

async function learnFrom(result, fields, speaker) {
  const refused = result.errors?.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED');
  if (refused && speaker) {
    // Kept in use, it would have logging in refused as well.
    putAway(speaker, `The ${rolesInWords[speaker.role]}'s token isn't accepted any more: log in again.`);
    return;
  }
  for (const { key, field } of fields) {
    const payload = result.data?.[key];
    if (!payload) continue;
    if (SIGNING_IN.has(field) && payload.token) await useToken(payload.token);
    if (speaker) remember(speaker.role, whatWasMade(field, payload));
    if (field === 'logOut' && speaker && !payload.userErrors?.length) {
      putAway(speaker, `The ${rolesInWords[speaker.role]} is logged out.`);
    }
  }
}

/** What later operations of the story need of this one. */
function whatWasMade(field, { wallet, operation }) {
  if (field === 'createWallet' && wallet?.token) return { wallet: wallet.token };
  const succeeded = operation?.status === 'SUCCEEDED';
  if (field === 'charge' && succeeded) return { charge: operation.id };
  if (field === 'authorize' && succeeded) return { authorization: operation.id };
  return {};
}

/** Forgets a token that has ended, so there is nothing to undo. */
function putAway(identity, text) {
  forget(identity.role, '');
  announce(text);
}

/** Takes a bearer token into use; false when the service doesn't accept it. */
export async function useToken(token) {
  const holder = await whoHolds(token);
  if (!holder) return false;
  // Who signs in again goes on with the story.
  const known = snapshot().byRole[holder.role];
  const made = known?.email === holder.email ? known.made : {};
  adopt({ ...holder, token, made }, `Signed in as the ${rolesInWords[holder.role]}.`);
  return true;
}
