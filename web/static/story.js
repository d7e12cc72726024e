// What GraphiQL opens with: a tab for each step from signing up to the first charge and its history.
//
// E-mail addresses and idempotency keys carry a tag drawn anew for each story, so that one can be told after
// another on the same database.

export const CLIENT_WALLET = '← filled in after step 2';

/** What a new tab starts with. */
export const NEW_TAB = '# Ctrl-Space shows what may stand here, Ctrl-Enter runs it.\n\n';

const SIGN_UP = `token
    expiresAt
    account { __typename id email }
    userErrors { code message field }`;

const WALLET = `wallet {
      id
      token
      available { amount currency }
    }
    userErrors { code message field }`;

const OPERATION = `operation {
      id
      status
      failureCode
      amount { amount currency }
    }
    wallet {
      available { amount currency }
    }
    replayed
    userErrors { code message field }`;

const signUpClient = `# Step 1 of 7: a client signs up.
# Press the play button, or Ctrl-Enter (Cmd-Enter).
# The token in the answer is used by itself from then on:
# watch the bar above.

mutation SignUpClient($input: SignUpClientInput!) {
  signUpClient(input: $input) {
    ${SIGN_UP}
  }
}
`;

const createWallet = `# Step 2 of 7: the client creates a wallet.
# Whoever has its token may ask to charge it.

mutation CreateWallet($input: CreateWalletInput!) {
  createWallet(input: $input) {
    ${WALLET}
  }
}
`;

const deposit = `# Step 3 of 7: the client tops the wallet up.
# Run it twice: one idempotencyKey moves money once,
# and the second answer says "replayed": true.

mutation Deposit($input: DepositInput!) {
  deposit(input: $input) {
    ${OPERATION}
  }
}
`;

const signUpCompany = `# Step 4 of 7: a company signs up.
# This page speaks as the company from then on;
# the bar above switches between the two.

mutation SignUpCompany($input: SignUpCompanyInput!) {
  signUpCompany(input: $input) {
    ${SIGN_UP}
  }
}
`;

const companyWallet = `# Step 5 of 7: the company creates its own wallet,
# which its charges are credited to.

mutation CompanyWallet($input: CreateWalletInput!) {
  createWallet(input: $input) {
    ${WALLET}
  }
}
`;

const charge = `# Step 6 of 7: the company charges the client's wallet.
# "wallet" in the answer is the company's own.
# Then ask for more than there is, with another key:
# a refusal moves nothing, and is recorded as well.

mutation Charge($input: ChargeInput!) {
  charge(input: $input) {
    ${OPERATION}
  }
}
`;

const history = `# Step 7 of 7: the history of your wallets.
# Switch between client and company in the bar above
# and run it again: one charge, seen from both sides.

query History {
  wallets(first: 5) {
    nodes {
      balance { amount currency }
      history(first: 10) {
        edges {
          sequence
          change { amount currency }
          balanceAfter { amount currency }
          node {
            kind
            status
            failureCode
            summary
            source { ownerName }
            target { ownerName }
          }
        }
      }
    }
  }
}
`;

const drawn = () => crypto.getRandomValues(new Uint32Array(1))[0].toString(36).padStart(7, '0');

/** GraphiQL's default tabs, for one telling of the story. */
export function storyTabs() {
  const tag = drawn();
  const password = `lantern-meadow-${drawn()}`;
  const client = { firstName: 'Ada', lastName: 'Moreau', phoneNumber: '+14155550123' };
  const company = { name: 'Harbour Books', url: 'https://harbour.example', firstName: 'Ben', lastName: 'Okafor' };
  const steps = [
    [signUpClient, { email: `ada-${tag}@example.com`, password, ...client }],
    [createWallet, { name: 'Pocket money' }],
    [deposit, { wallet: CLIENT_WALLET, amount: '50.00', summary: 'First top-up', idempotencyKey: `deposit-${tag}` }],
    [signUpCompany, { email: `books-${tag}@example.com`, password, ...company, phoneNumber: '+14155550124' }],
    [companyWallet, { name: 'Till' }],
    [charge, { wallet: CLIENT_WALLET, amount: '12.50', summary: 'Two paperbacks', idempotencyKey: `charge-${tag}` }],
  ];
  const tabs = steps.map(([query, input]) => ({ query, variables: JSON.stringify({ input }, null, 2) }));
  return [...tabs, { query: history }];
}
