// What GraphiQL opens with: a tab for each step from signing up to the first charge and its history.
//
// E-mail addresses and idempotency keys carry a tag drawn anew for each story, so that one can be told after
// another on the same database.

const filledAfter = (step) => `← filled in after step ${step}`;
const CLIENT_WALLET = filledAfter(2);
const COMPANY_WALLET = filledAfter(5);
const CHARGE = filledAfter(6);
const AUTHORIZATION = filledAfter(8);

/** What stands in the variables until a step has made it, and where that is remembered. */
export const PLACES = [
  { place: CLIENT_WALLET, step: 2, role: 'CLIENT', made: 'wallet', name: "the client's wallet" },
  { place: COMPANY_WALLET, step: 5, role: 'COMPANY', made: 'wallet', name: "the company's wallet" },
  { place: CHARGE, step: 6, role: 'COMPANY', made: 'charge', name: 'the charge' },
  { place: AUTHORIZATION, step: 8, role: 'COMPANY', made: 'authorization', name: 'the authorization' },
];

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

const signUpClient = `# Step 1 of 14: a client signs up.
# Press the play button, or Ctrl-Enter (Cmd-Enter).
# The token in the answer is used by itself from then on:
# watch the bar above.

mutation SignUpClient($input: SignUpClientInput!) {
  signUpClient(input: $input) {
    ${SIGN_UP}
  }
}
`;

const createWallet = `# Step 2 of 14: the client creates a wallet.
# Whoever has its token may ask to charge it.

mutation CreateWallet($input: CreateWalletInput!) {
  createWallet(input: $input) {
    ${WALLET}
  }
}
`;

const deposit = `# Step 3 of 14: the client tops the wallet up.
# Run it twice: one idempotencyKey moves money once,
# and the second answer says "replayed": true.

mutation Deposit($input: DepositInput!) {
  deposit(input: $input) {
    ${OPERATION}
  }
}
`;

const signUpCompany = `# Step 4 of 14: a company signs up.
# This page speaks as the company from then on;
# the bar above switches between the two.

mutation SignUpCompany($input: SignUpCompanyInput!) {
  signUpCompany(input: $input) {
    ${SIGN_UP}
  }
}
`;

const companyWallet = `# Step 5 of 14: the company creates its own wallet,
# which its charges are credited to.

mutation CompanyWallet($input: CreateWalletInput!) {
  createWallet(input: $input) {
    ${WALLET}
  }
}
`;

const charge = `# Step 6 of 14: the company charges the client's wallet.
# "wallet" in the answer is the company's own.
# Then ask for more than there is, with another key:
# a refusal moves nothing, and is recorded as well.

mutation Charge($input: ChargeInput!) {
  charge(input: $input) {
    ${OPERATION}
  }
}
`;

const refund = `# Step 7 of 14: the company gives a part back.
# Without "amount" it would be all that is left.

mutation Refund($input: RefundInput!) {
  refund(input: $input) {
    ${OPERATION}
  }
}
`;

const authorize = `# Step 8 of 14: the company sets money aside.
# The client sees it as "held": it is still theirs,
# and expires by itself.

mutation Authorize($input: AuthorizeInput!) {
  authorize(input: $input) {
    operation {
      id
      status
      failureCode
      amount { amount currency }
      authorization { state held { amount } expiresAt }
    }
    userErrors { code message field }
  }
}
`;

const capture = `# Step 9 of 14: the company takes a part of it.
# The rest is released; "final: false" would keep it.

mutation Capture($input: CaptureInput!) {
  capture(input: $input) {
    ${OPERATION}
  }
}
`;

const transfer = `# Step 10 of 14: an owner sends money to any wallet,
# here the company to the client, by the wallet's token.
# chargeMany, depositMany and transferMany take up to
# 1,000 of these in one request.

mutation Transfer($input: TransferInput!) {
  transfer(input: $input) {
    ${OPERATION}
  }
}
`;

const withdraw = `# Step 11 of 14: the company sends money to its bank.
# Accepted at once and held; a worker pays it out to the
# simulated bank that runs beside this service, which
# says no at times and is asked again: watch step 13.

mutation Withdraw($input: WithdrawInput!) {
  withdraw(input: $input) {
    operation {
      id
      status
      failureCode
      amount { amount currency }
      withdrawal { state destination }
    }
    wallet {
      available { amount currency }
      held { amount }
    }
    replayed
    userErrors { code message field }
  }
}
`;

const queued = `# Step 12 of 14: a charge that may wait its turn.
# With "queued" it is accepted as PENDING, and carried
# out by a worker, in order: a moment later the history
# tells what came of it.

mutation QueuedCharge($input: ChargeInput!) {
  charge(input: $input) {
    ${OPERATION}
  }
}
`;

const history = `# Step 13 of 14: the history of your wallets.
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
            withdrawal {
              state
              attempts { number result }
            }
          }
        }
      }
    }
  }
}
`;

const statement = `# Step 14 of 14: a statement of the last month:
# what there was, what came and went, what there is.
# Switch to the client above for the client's.

query Statement {
  wallets(first: 5) {
    nodes {
      name
      statement {
        from
        to
        opening { amount currency }
        totals {
          moneyIn { amount }
          moneyOut { amount }
          byKind { kind operationCount moneyIn { amount } moneyOut { amount } }
        }
        closing { amount currency }
      }
    }
  }
}
`;

const drawn = () => crypto.getRandomValues(new Uint32Array(1))[0].toString(36).padStart(7, '0');

/** What is drawn for one telling of the story. */
export const drawStory = () => ({ tag: drawn(), password: `lantern-meadow-${drawn()}` });

/** GraphiQL's default tabs, for one telling of the story. */
export function storyTabs({ tag, password }) {
  const client = { firstName: 'Ada', lastName: 'Moreau', phoneNumber: '+14155550123' };
  const company = { name: 'Harbour Books', url: 'https://harbour.example', firstName: 'Ben', lastName: 'Okafor' };
  const steps = [
    [signUpClient, { email: `ada-${tag}@example.com`, password, ...client }],
    [createWallet, { name: 'Pocket money' }],
    [deposit, { wallet: CLIENT_WALLET, amount: '50.00', summary: 'First top-up', idempotencyKey: `deposit-${tag}` }],
    [signUpCompany, { email: `books-${tag}@example.com`, password, ...company, phoneNumber: '+14155550124' }],
    [companyWallet, { name: 'Till' }],
    [charge, { wallet: CLIENT_WALLET, amount: '12.50', summary: 'Two paperbacks', idempotencyKey: `charge-${tag}` }],
    [refund, { operation: CHARGE, amount: '2.50', summary: 'One was torn', idempotencyKey: `refund-${tag}` }],
    [authorize, { wallet: CLIENT_WALLET, amount: '20.00', summary: 'A lent atlas', idempotencyKey: `hold-${tag}` }],
    [capture, { authorization: AUTHORIZATION, amount: '5.00', summary: 'A late fee', idempotencyKey: `fee-${tag}` }],
    [
      transfer,
      {
        from: COMPANY_WALLET,
        to: { token: CLIENT_WALLET },
        amount: '1.00',
        summary: 'For your trouble',
        idempotencyKey: `transfer-${tag}`,
      },
    ],
    [
      withdraw,
      {
        wallet: COMPANY_WALLET,
        amount: '4.00',
        destination: 'DE89 3704 0044 0532 0130 00',
        summary: 'Takings',
        idempotencyKey: `withdrawal-${tag}`,
      },
    ],
    [
      queued,
      { wallet: CLIENT_WALLET, amount: '3.00', summary: 'A bookmark', queued: true, idempotencyKey: `later-${tag}` },
    ],
  ];
  const tabs = steps.map(([query, input]) => ({ query, variables: JSON.stringify({ input }, null, 2) }));
  return [...tabs, { query: history }, { query: statement }];
}
