// All that web/static/*.js takes from packages, in one module without further imports.
export { GraphiQL } from 'graphiql';
export { useEditorContext } from '@graphiql/react';
export { parse } from 'graphql';
export { createElement, useEffect, useState, useSyncExternalStore } from 'react';
export { createRoot } from 'react-dom/client';
// The dialogs' scroll lock adds a <style>, which the page's Content-Security-Policy admits by this nonce alone.
export { setNonce } from 'get-nonce';
