// Who the page can speak as: one bearer token a role, kept in sessionStorage, so for this browser tab alone.
//
// An identity is {role, email, token, made}: `made` has what the operations of the story need of what it made here:
// the token of its first wallet, the ids of its latest charge and authorization.

const STORAGE_KEY = 'purser:identities';

const listeners = new Set();
let state = restored();

function restored() {
  const kept = sessionStorage.getItem(STORAGE_KEY);
  return kept ? JSON.parse(kept) : { activeRole: null, byRole: {}, notice: null };
}

function become(next) {
  state = next;
  // What was announced, and what an Undo would bring back, ends with the page.
  sessionStorage.setItem(STORAGE_KEY, JSON.stringify({ ...state, notice: null }));
  listeners.forEach((listener) => listener());
}

export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const snapshot = () => state;

export const activeIdentity = () => state.byRole[state.activeRole] ?? null;

/** Uses `identity` from now on, in place of any other of its role; the notice offers to go back. */
export function adopt(identity, text) {
  const before = { activeRole: state.activeRole, byRole: state.byRole };
  become({
    activeRole: identity.role,
    byRole: { ...state.byRole, [identity.role]: identity },
    notice: { text, before },
  });
}

/** Speaks as the identity of that role from now on; null signs out without forgetting any token. */
export function switchTo(role) {
  become({ ...state, activeRole: role, notice: null });
}

export function forget(role, text) {
  const { [role]: forgotten, ...byRole } = state.byRole;
  const before = { activeRole: state.activeRole, byRole: state.byRole };
  const activeRole = state.activeRole === role ? null : state.activeRole;
  become({ activeRole, byRole, notice: { text, before } });
}

export function undo() {
  become({ ...state.notice.before, notice: null });
}

export function announce(text) {
  become({ ...state, notice: { text, before: null } });
}

/** Keeps what `role` has made, such as `{ wallet: token }`, for the operations of the story that need it. */
export function remember(role, made) {
  const identity = state.byRole[role];
  if (!identity) return;
  const wallet = identity.made.wallet ?? made.wallet;
  become({ ...state, byRole: { ...state.byRole, [role]: { ...identity, made: { ...identity.made, ...made, wallet } } } });
}

/** Ends the tab's memory of every token. */
export function forgetAll() {
  sessionStorage.removeItem(STORAGE_KEY);
}
