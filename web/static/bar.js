// The bar above GraphiQL: who the page speaks as, a place to paste a bearer token, and what just happened.

import { createElement as h, useEffect, useState, useSyncExternalStore } from './vendor/graphiql.js';
import { forget, snapshot, subscribe, switchTo, undo } from './identities.js';
import { useToken } from './transport.js';

const NOTICE_MS = 12_000;

const LABELS = { CLIENT: 'Client', COMPANY: 'Company', ADMIN: 'Administrator' };

function Identity({ role, identity, active }) {
  const none = role !== null && !identity;
  const who = role === null ? 'no token is sent' : (identity?.email ?? 'no token yet');
  return h(
    'label',
    { className: `identity${active ? ' identity-active' : ''}${none ? ' identity-none' : ''}` },
    h('input', {
      type: 'radio',
      name: 'identity',
      checked: active,
      disabled: none,
      onChange: () => switchTo(role),
    }),
    h('span', { className: 'identity-role' }, LABELS[role] ?? 'Signed out'),
    h('span', { className: 'identity-who', title: who }, who),
  );
}

function Identities({ activeRole, byRole }) {
  const roles = ['CLIENT', 'COMPANY', ...(byRole.ADMIN ? ['ADMIN'] : []), null];
  return h(
    'fieldset',
    { className: 'identities' },
    h('legend', null, 'Speak as'),
    roles.map((role) =>
      h(Identity, { key: role ?? 'NONE', role, identity: byRole[role], active: role === activeRole }),
    ),
  );
}

/** The token in use, shown by its ends only; pasting another one takes its place once the service knows it. */
function TokenField({ identity }) {
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState(null);

  async function use(text) {
    const token = text.trim().replace(/^(authorization:\s*)?(bearer\s+)?/i, '');
    if (!token) return;
    const accepted = await useToken(token);
    setTyped(accepted ? '' : text);
    setProblem(accepted ? null : "The service doesn't accept this token.");
  }

  return h(
    'form',
    {
      className: 'token',
      onSubmit: (event) => {
        event.preventDefault();
        use(typed);
      },
    },
    h('label', { htmlFor: 'token' }, 'Bearer token'),
    h('input', {
      id: 'token',
      type: 'text',
      value: typed,
      autoComplete: 'off',
      spellCheck: false,
      placeholder: identity ? `in use: ${identity.token.slice(0, 6)}…${identity.token.slice(-6)}` : 'paste one here',
      'aria-invalid': problem !== null,
      'aria-describedby': 'token-problem',
      onChange: (event) => {
        setTyped(event.target.value);
        setProblem(null);
      },
      onPaste: (event) => {
        event.preventDefault();
        const text = event.clipboardData.getData('text');
        setTyped(text);
        use(text);
      },
    }),
    typed
      ? h('button', { type: 'submit' }, 'Use')
      : h(
          'button',
          {
            type: 'button',
            disabled: !identity,
            onClick: () => forget(identity.role, `The ${LABELS[identity.role].toLowerCase()}'s token is forgotten.`),
          },
          'Forget',
        ),
    h('span', { id: 'token-problem', className: 'token-problem', role: 'alert' }, problem),
  );
}

function Notice({ notice }) {
  const [seen, setSeen] = useState(null);
  useEffect(() => {
    const timer = setTimeout(() => setSeen(notice), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  const shown = notice !== null && notice !== seen;
  return h(
    'div',
    { className: 'notice', role: 'status' },
    shown && h('p', null, notice.text, notice.before && h('button', { type: 'button', onClick: undo }, 'Undo')),
  );
}

export function Bar() {
  const { activeRole, byRole, notice } = useSyncExternalStore(subscribe, snapshot);
  return h(
    'header',
    { className: 'bar' },
    h('h1', null, h('span', { className: 'mark', 'aria-hidden': true }), 'Purser'),
    h(Identities, { activeRole, byRole }),
    h(TokenField, { identity: byRole[activeRole] ?? null }),
    h(Notice, { notice }),
  );
}
