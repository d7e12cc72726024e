// Starts the page: the bar, and GraphiQL with the story in its tabs.

import {
  createElement as h,
  createRoot,
  GraphiQL,
  setNonce,
  useEditorContext,
  useEffect,
  useSyncExternalStore,
} from './vendor/graphiql.js';
import { Bar } from './bar.js';
import { announce, forgetAll, snapshot, subscribe } from './identities.js';
import { drawStory, NEW_TAB, PLACES, storyTabs } from './story.js';
import { fetcher } from './transport.js';

// Operations carry passwords and tokens, so that what is typed lives as long as the browser's tab, no longer.
const storage = sessionStorage;

// GraphiQL keeps its tabs half a second after a change: a page loaded again before that must tell the same story.
const STORY = 'purser:story';
const told = JSON.parse(storage.getItem(STORY)) ?? drawStory();
storage.setItem(STORY, JSON.stringify(told));

// GraphiQL shows a default tab's variables only once another tab was open, unless it finds them here.
const defaultTabs = storyTabs(told);
if (storage.getItem('graphiql:tabState') === null) {
  storage.setItem('graphiql:variables', defaultTabs[0].variables);
  storage.setItem('graphiql:secondaryEditorFlex', '1.4');
}

function startAgain() {
  if (!confirm('Start the story again? This tab forgets its operations, their history and the tokens.')) return;
  storage.clear();
  forgetAll();
  location.reload();
}

/** Stands where GraphiQL has its logo; puts what earlier steps made into the steps that wait for it. */
function StoryCorner() {
  const { activeTabIndex, variableEditor } = useEditorContext({ nonNull: true });
  const { byRole } = useSyncExternalStore(subscribe, snapshot);
  useEffect(() => {
    const text = variableEditor?.getValue() ?? '';
    const known = PLACES.filter(({ place, role, made }) => text.includes(place) && byRole[role]?.made[made]);
    if (!known.length) return;
    const filled = known.reduce((all, { place, role, made }) => all.replace(place, byRole[role].made[made]), text);
    variableEditor.setValue(filled);
    announce(`Filled in below: ${known.map(({ name }) => name).join(', ')}.`);
  }, [activeTabIndex, variableEditor, byRole]);
  return h('button', { type: 'button', className: 'start-again', onClick: startAgain }, 'Start again');
}

function Page() {
  return h(
    'div',
    { className: 'page' },
    h(Bar),
    h(
      'main',
      null,
      h(
        GraphiQL,
        {
          fetcher,
          storage,
          defaultTabs,
          defaultQuery: NEW_TAB,
          defaultEditorToolsVisibility: 'variables',
          shouldPersistHeaders: false,
        },
        h(GraphiQL.Logo, null, h(StoryCorner)),
      ),
    ),
  );
}

const root = document.getElementById('purser');
setNonce(root.nonce);
createRoot(root).render(h(Page));
